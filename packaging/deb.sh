#!/usr/bin/env bash
# Builds a Debian package of this checkout for this machine's python3, in build/deb. Once the wheels are gathered it needs
# no network.
#
# usage: packaging/deb.sh
#   WHEELS   folder of packaging/gather.sh for the python3 of the distribution; without it they are gathered anew
#   PYTHON   python with pip, of the environment that `make` makes (default .venv/bin/python)
#   TARGET   the python3 that the package depends on (default the newest of the distribution from 3.13 on, else its python3)
#   MAINTAINER  who answers for the package (default Portero <portero@example.org>)
#   DEST     where the package goes (default build/deb)
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
target=${TARGET:-$(packaging/find-python.sh /usr/bin/python3 /usr/bin)}
dest=${DEST:-build/deb}
maintainer=${MAINTAINER:-Portero <portero@example.org>}
lib=/usr/lib/portero

for tool in dpkg-deb dpkg strip; do
  command -v "$tool" >/dev/null || { echo "$0: $tool is missing; apt-get install dpkg binutils" >&2; exit 2; }
done
# Every file of the package gets this time, so that one checkout makes one package.
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 1577836800)}
export SOURCE_DATE_EPOCH=$epoch
say_release='import sys; print("%d.%d" % sys.version_info[:2])'
release=$("$target" -c "$say_release")
if [ "$release" = "$(/usr/bin/python3 -c "$say_release")" ]; then
  depends="python3 (>= $release~), python3 (<< ${release%.*}.$((${release#*.} + 1))~)"
else
  depends=python$release
fi
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' plugin/portero/__init__.py)
architecture=$(dpkg --print-architecture)

mkdir -p "$dest"
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
root=$stage/root
mkdir -m 755 "$root"
wheels=${WHEELS:-$stage/wheels}
[ -n "${WHEELS:-}" ] || PYTHON=$python packaging/gather.sh "$wheels" "$release"
PROGRAM=$lib PREFIX=/usr WHEELS=$wheels PYTHON=$python TARGET=$target COMPILE=no packaging/stage.sh "$root"

# Debian's policy: libraries carry no debug symbols, code is compiled on the host (postinst), links are relative.
rm "$root$lib/.gitignore" 2>/dev/null || true
find "$root$lib" -name __pycache__ -prune -exec rm -r {} +
ln -sfn ../lib/portero/bin/portero "$root/usr/bin/portero"
ln -sfn ../../../bin/"$(basename "$(realpath "$target")")" "$root$lib/bin/python3"
find "$root$lib" -name '*.so' -exec strip --strip-unneeded {} +
find "$root$lib" \( -name '*.so' -o -name '*.txt' -o -name '*.md' \) -perm /111 -exec chmod 644 {} +
install -d "$root/usr/share/zsh/vendor-completions"
mv "$root/usr/share/zsh/site-functions/_portero" "$root/usr/share/zsh/vendor-completions/"
rmdir "$root/usr/share/zsh/site-functions"
gzip -9n "$root/usr/share/man/man1/portero.1"

doc=$root/usr/share/doc/portero
install -D -m 644 packaging/deb/copyright "$doc/copyright"
{
  printf 'portero (%s) unstable; urgency=medium\n\n  * See the changes in CHANGELOG.md.gz.\n\n' "$version"
  printf ' -- %s  %s\n' "$maintainer" "$(LC_ALL=C date -u -R -d "@$epoch")"
} | gzip -9n > "$doc/changelog.gz"
install -D -m 644 packaging/deb/lintian-overrides "$root/usr/share/lintian/overrides/portero"
gzip -9nc CHANGELOG.md > "$doc/CHANGELOG.md.gz"

install -d -m 755 "$root/DEBIAN"
(cd "$root" && find etc -type f | sed 's|^|/|' | LC_ALL=C sort) > "$root/DEBIAN/conffiles"
(cd "$root" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) > "$root/DEBIAN/md5sums"
sed -e "s|@MAINTAINER@|$maintainer|; s|@VERSION@|$version|; s|@ARCHITECTURE@|$architecture|; s|@SIZE@|$(du -sk --apparent-size "$root/usr" | cut -f1)|" \
  -e "s|@PYTHON@|$depends|" packaging/deb/control > "$root/DEBIAN/control"
install -m 755 packaging/deb/config packaging/deb/postinst packaging/deb/prerm packaging/deb/postrm "$root/DEBIAN/"
install -m 755 packaging/move-policy.sh "$root/DEBIAN/preinst"
install -m 644 packaging/deb/templates "$root/DEBIAN/"
find "$root" -exec touch --no-dereference --date "@$epoch" {} +

dpkg-deb --root-owner-group -Zgzip --build "$root" "$dest/portero_${version}_${architecture}.deb"
