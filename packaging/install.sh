#!/usr/bin/env bash
# Installs Portero on this host, upgrades it, or takes it away again. Done twice it changes nothing the second time.
#
# usage: packaging/install.sh install|upgrade|uninstall
#   DESTDIR  another root than /; no service is started or stopped then
#   WHEELS   folder of packaging/gather.sh; without it the wheels are gathered anew
#   PYTHON   python with pip, of the environment that `make` makes (default .venv/bin/python)
#   TARGET   the host's python that will run it (default the one that packaging/find-python.sh finds)
#   RSYSLOG  a machine's name: rsyslog sends the decision log there (docs/forwarding.md); without it nothing does
#   DEVICES  closed: dockerd opens no device from its next start on (portero devices close); without it that stays as it is
#   FORCE    yes: uninstall although daemon.json still names portero
#
# Each version has its folder, and `current` leads to the one in force: what runs goes on with its own files
# until it is restarted, and an upgrade that does not start is taken back. Exit status 1: refused, 2: error.
set -euo pipefail
cd "$(dirname "$0")/.."
command=${1:-}
destdir=${DESTDIR:-}
python=${PYTHON:-.venv/bin/python}
home=/opt/portero
link=/usr/local/bin/portero
log=/var/log/portero
state=/var/lib/portero
policy=/etc/portero/policy
# There while an installation has begun and not ended.
unfinished=$destdir$home/unfinished
earlier=$destdir$home/before.tar
folders=$destdir$home/folders
# What belongs to the installation, and the operator's files as they came: sha256sum's lines, paths from /.
owned=$destdir$home/installed
shipped=$destdir$home/shipped

fail() { echo "$0: $2" >&2; exit "$1"; }
service() { [ -z "$destdir" ] && [ -d /run/systemd/system ]; }
sum() { sha256sum "$1" | cut -d' ' -f1; }
# The checksum that the operator's file PATH was installed with; empty: never.
sum_as_shipped() { [ ! -e "$shipped" ] || awk -v path="$1" '$2 == path { print $1 }' "$shipped"; }

case $command in install | upgrade | uninstall) ;; *) fail 2 "say install, upgrade or uninstall" ;; esac
[ -n "$destdir" ] || [ "$(id -u)" = 0 ] || fail 2 "needs root"
case $destdir in "" | /*) ;; *) fail 2 "DESTDIR: write an absolute path" ;; esac
case ${DEVICES:-} in "" | closed) ;; *) fail 2 "DEVICES: write closed, or nothing" ;; esac
[ -z "${DEVICES:-}" ] || service || fail 2 "DEVICES=closed needs a host that systemd runs"
case ${RSYSLOG:-} in *[!A-Za-z0-9.-]*) fail 2 "RSYSLOG: write the name of a machine, such as logs.example.com" ;; esac

# An identity of what is installed: the same sources make the same version, and are not installed twice.
identity() {
  local version
  version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' plugin/portero/__init__.py)
  find plugin/portero schemas packaging config.json pyproject.toml requirements docs -type f -not -name '*.pyc' -print0 |
    LC_ALL=C sort -z | xargs -0 sha256sum | { sha256sum; "$target" -c 'import sys; print(sys.version)'; } | sha256sum |
    { read -r sum _; echo "$version-${sum:0:12}"; }
}

# One of the operator's files: put there when it is new, or as it was shipped last; otherwise it stays as it is.
put_config() { # STAGE PATH
  local new=$1$2 place=$destdir$2
  if [ ! -e "$place" ] || [ "$(sum "$place")" = "$(sum_as_shipped "$2")" ]; then
    # An operator who removed a file does not want it back.
    if [ ! -e "$place" ] && [ -n "$(sum_as_shipped "$2")" ]; then return; fi
    mkdir -p "$(dirname "$place")"
    cp -a "$new" "$place.new" && mv -f "$place.new" "$place"
  elif [ "$(sum "$place")" != "$(sum "$new")" ]; then
    echo "kept $2, which you changed; as it ships: $home/current.etc${2#/etc}"
  fi
}

put_all() { # STAGE VERSION
  local stage=$1 version=$2 path
  mkdir -p "$destdir$home/releases"
  if [ ! -d "$destdir$home/releases/$version" ]; then
    mv "$stage$home/releases/$version" "$destdir$home/releases/$version"
  fi
  rm -rf "$stage$home"
  rm -rf "$destdir$home/current.etc" && cp -a "$stage/etc" "$destdir$home/current.etc"
  DESTDIR=$destdir packaging/move-policy.sh
  (cd "$stage" && find etc -type f) | while read -r path; do put_config "$stage" "/$path"; done
  if [ -e "$destdir/etc/portero/environment.kept" ]; then mv -f "$destdir/etc/portero/environment.kept" "$destdir/etc/portero/environment"; fi
  # Of rsyslog's the sums stay as they are: without RSYSLOG these files are not put there again.
  { (cd "$stage" && find etc -type f -exec sha256sum {} +) | sed 's|  |  /|'; grep ' /etc/rsyslog.d/' "$shipped" 2>/dev/null || true; } > "$shipped.new"
  mv "$shipped.new" "$shipped"
  (cd "$stage" && find usr -not -type d) | sed 's|^|/|' > "$owned.new"
  # What an earlier version had and this one has not.
  if [ -e "$owned" ]; then
    sort "$owned.new" | comm -13 - <(sort "$owned") | while read -r path; do rm -f "$destdir$path"; done
  fi
  mv "$owned.new" "$owned"
  # Only folders that it makes go with it.
  (cd "$stage" && find usr -type d) | while read -r path; do [ -e "$destdir/$path" ] || echo "/$path"; done >> "$folders"
  (cd "$stage" && find usr -not -type d) | while read -r path; do
    mkdir -p "$destdir/$(dirname "$path")"
    cp -a "$stage/$path" "$destdir/$path.new" && mv -fT "$destdir/$path.new" "$destdir/$path"
  done
  install -d -m 750 "$destdir$log"
  # The first time only: the folder is the operator's, who may have it signed.
  [ -e "$destdir$home/current" ] || [ -e "$destdir$policy" ] || [ -L "$destdir$policy" ] ||
    install -D -m 644 "$destdir/usr/local/share/portero/site.json" "$destdir$policy/site.json"
}

# What the version before has outside of its folder: its units and drop-ins run it on a way back.
keep_before() {
  rm -f "$earlier"
  [ ! -e "$owned" ] || (cd "$destdir/" && sed 's|^/||' "$owned" | while read -r path; do
    if [ -e "$path" ] || [ -L "$path" ]; then echo "$path"; fi
  done | tar --create --file "$earlier" --files-from - "${owned#"$destdir"/}")
}

restore_before() {
  [ -e "$earlier" ] || return 0
  tar --extract --to-stdout --file "$earlier" "${owned#"$destdir"/}" | sort | comm -13 - <(sort "$owned") |
    while read -r path; do rm -f "$destdir$path"; done
  tar --extract --directory "$destdir/" --file "$earlier"
}

put_rsyslog() { # STAGE
  local to=$1/rsyslog/etc/rsyslog.d name path
  [ -n "${RSYSLOG:-}" ] || return 0
  mkdir -p "$to" "$destdir$home/current.etc/rsyslog.d"
  sed "s|logs\.example\.com|$RSYSLOG|" packaging/logs/rsyslog.conf > "$to/portero.conf"
  cp packaging/logs/rsyslog-names.conf "$to/portero-names.conf"
  cp "$to"/* "$destdir$home/current.etc/rsyslog.d"
  for name in portero.conf portero-names.conf; do
    path=/etc/rsyslog.d/$name
    # Who asks for it wants it back.
    [ -e "$destdir$path" ] || sed -i "\\| $path\$|d" "$shipped"
    put_config "$1/rsyslog" "$path"
    sed -i "\\| $path\$|d" "$shipped" && echo "$(sum "$to/$name")  $path" >> "$shipped"
  done
  if service; then systemctl try-restart rsyslog.service; fi
}

close_devices() {
  [ "${DEVICES:-}" = "" ] || "$link" devices close
}

switch() { # VERSION
  ln -sfn "releases/$1" "$destdir$home/current.new" && mv -T "$destdir$home/current.new" "$destdir$home/current"
}

answers() {
  local end=$((SECONDS + 60))
  while [ "$SECONDS" -lt "$end" ]; do
    if "$link" status --json >/dev/null 2>&1 || [ $? = 1 ]; then return 0; fi
    sleep 0.2
  done
  return 1
}

start() { # VERSION BEFORE
  systemctl daemon-reload
  systemctl enable --quiet portero.socket portero.service portero-bundle.timer
  systemctl start portero.socket
  # A reload checks settings and policy by the new version. One that would deny everything is not begun.
  if systemctl --quiet is-active portero.service && ! systemctl reload portero.service 2>/dev/null; then
    go_back "$1" "$2" "would deny every request"
  fi
  if systemctl restart portero.service && answers; then
    # Connections of clients end; systemd holds the sockets.
    systemctl try-restart portero-door.service
    systemctl restart portero-bundle.timer
    return
  fi
  go_back "$1" "$2" "does not start" portero.service portero-bundle.timer
}

go_back() { # VERSION BEFORE WHY, and the units to restart
  echo "the new version $3 (journalctl -u portero has more):" >&2
  # The last messages of its processes, without systemd's lines.
  journalctl --no-pager --quiet --output cat --lines 5 _SYSTEMD_UNIT=portero.service | uniq >&2 || true
  [ -n "$2" ] && [ "$2" != "$1" ] || exit 2
  switch "$2"
  restore_before
  rm -f "$unfinished"
  systemctl daemon-reload
  [ $# = 3 ] || systemctl restart "${@:4}"
  fail 2 "went back to $2"
}

put() {
  local before version wheels target
  target=${TARGET:-$(packaging/find-python.sh "$python")}
  before=$(readlink "$destdir$home/current" || true)
  before=${before#releases/}
  [ "$command" = install ] || [ -n "$before" ] || fail 2 "nothing is installed here; make install"
  version=$(identity)
  stage=$(mktemp -d)
  trap 'rm -rf "$stage"' EXIT
  chmod 755 "$stage"
  [ ! -e "$unfinished" ] || echo "the last installation did not end: goes on with it"
  if [ "$version" = "$before" ] && [ -x "$destdir$home/current/bin/portero" ] && [ ! -e "$unfinished" ]; then
    put_rsyslog "$stage"
    close_devices
    echo "portero $version is installed already"
    return
  fi
  local starts="starts nothing"
  if service; then starts="starts it"; fi
  echo "installs portero $version below $home, with its units, and $starts: a minute or two; dockerd and daemon.json stay as they are"
  wheels=${WHEELS:-$stage/wheels}
  [ -n "${WHEELS:-}" ] || PYTHON=$python packaging/gather.sh "$wheels" "$("$target" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
  PROGRAM=$home/releases/$version PREFIX=/usr/local WHEELS=$wheels PYTHON=$python TARGET=$target packaging/stage.sh "$stage/root"
  ln -sfn "$home/current/bin/portero" "$stage/root$link"
  mkdir -p "$destdir$home"
  # What an installation that did not end has put there is no version before.
  [ -e "$unfinished" ] || keep_before
  : > "$unfinished"
  put_all "$stage/root" "$version"
  put_rsyslog "$stage"
  switch "$version"
  if service; then start "$version" "$before"; fi
  rm "$unfinished"
  # The one before stays, for the processes that still run from it and for a way back.
  for old in "$destdir$home"/releases/*; do
    case ${old##*/} in "$version" | "$before") ;; *) rm -rf "$old" ;; esac
  done
  close_devices
  echo "portero $version is installed${before:+ (before: $before)}"
  if [ -z "$destdir" ] && ! service; then
    echo "systemd does not run here: start portero before dockerd, and again after an upgrade (portero help install, Without systemd)"
  elif ! grep -qs '"portero"' "$destdir/etc/docker/daemon.json"; then
    cat <<'END'
Nothing asks it yet. Next, audit first: it logs what it would deny, and denies only what would turn it off
  1. echo PORTERO_MODE=audit >> /etc/portero/environment && systemctl restart portero
  2. write /etc/docker/daemon.json as /usr/local/share/portero/daemon.json has it (in a swarm without live-restore)
  3. portero devices close --restart     dockerd opens no device for builds and copies; containers go on
  4. portero status --expect-guarded
After some days: portero suggest and portero report say what people need; then take the line of 1. out again
END
  fi
}

remove() {
  local path kept=()
  [ -e "$owned" ] || { echo "nothing is installed here"; return; }
  if [ "${FORCE:-}" != yes ] && grep -qs '"portero"' "$destdir/etc/docker/daemon.json"; then
    fail 1 "/etc/docker/daemon.json still names portero, and without it dockerd denies every request: remove it there, run systemctl reload docker, and try again (or FORCE=yes)"
  fi
  if [ -e "$destdir/etc/systemd/system/docker.socket.d/portero-door.conf" ]; then
    fail 1 "doors stand before dockerd, and clients would find no server at its socket: run portero door disable, and try again"
  fi
  if service; then systemctl disable --quiet --now portero-metrics.socket portero-images.timer portero-images.service portero-bundle.timer portero-bundle.service portero.service portero.socket || true; fi
  rm -f "$destdir/etc/systemd/system/docker.service.d/portero-devices.conf" "$destdir/etc/systemd/system/containerd.service.d/portero-devices.conf"
  rmdir --ignore-fail-on-non-empty "$destdir"/etc/systemd/system/{docker.service,containerd.service,docker.socket,portero-door*.socket}.d 2>/dev/null || true
  while read -r path; do rm -f "$destdir$path"; done < "$owned"
  # Those that it made, and those of its own that a version before has not noted; deepest first.
  { xargs -r dirname < "$owned" | grep portero; cat "$folders" 2>/dev/null; } | sort -ur | while read -r path; do
    rmdir --ignore-fail-on-non-empty "$destdir$path" 2>/dev/null || true
  done
  while read -r sum path; do
    [ -e "$destdir$path" ] || continue
    if [ "$(sum "$destdir$path")" = "$sum" ]; then rm -f "$destdir$path"; fi
  done < "$shipped"
  for path in site schemas; do
    [ "$(readlink "$destdir/etc/portero/$path")" != policy ] || rm "$destdir/etc/portero/$path"
    [ "$(readlink "$destdir$policy")" != "$path" ] || rm "$destdir$policy"
  done
  if [ ! -L "$destdir$policy" ] && [ "$(cat "$destdir$policy/site.json" 2>/dev/null)" = '{}' ]; then rm "$destdir$policy/site.json"; fi
  rm -rf "$destdir${home:?}"
  # What it fetches or finds out anew. Which versions of signed folders were in force is the operator's.
  rm -rf "$destdir$state"/{last-policy.json,writers.jsonl,door.pub} "$destdir"{"$state",/var/lib/private/portero}-{bundle,images} \
    "$destdir$state-door"{,-*} "$destdir"/run/portero{,-devices,-door}
  rmdir --ignore-fail-on-non-empty "$destdir$policy" "$destdir/etc/portero" "$destdir$log" "$destdir$state" 2>/dev/null || true
  if service; then
    systemctl daemon-reload
    # The running dockerd goes on in the folder below it.
    systemctl --quiet stop var-lib-docker-tmp.mount 2>/dev/null || true
  fi
  # `portero door enable` made it.
  if [ -z "$destdir" ] && getent passwd portero-door >/dev/null; then userdel portero-door; fi
  for path in /etc/portero /etc/logrotate.d/portero /etc/rsyslog.d/portero.conf "$log" "$state"; do
    [ ! -e "$destdir$path" ] || kept+=("$path")
  done
  echo "portero is removed"
  [ ${#kept[@]} = 0 ] || echo "kept, because they hold what is yours: ${kept[*]}"
}

if [ "$command" = uninstall ]; then remove; else put; fi
