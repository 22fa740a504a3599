# What rules about existing objects name; made while nothing guards the daemon (test_rule_examples.py).
set -e
docker run -d --name get -v /srv/media:/data busybox sleep 3600
docker run -d --name show -v /srv/media/movies:/m busybox sleep 3600
docker run -d --name long busybox sleep 3600
truncate -s 2M $(docker inspect -f '{{.HostsPath}}' long)
docker run -d --name old --privileged busybox sleep 3600
docker volume create -o type=none -o o=bind -o device=/ oldhost
docker service create --detach --name old --replicas 0 --mount type=bind,src=/etc,dst=/x nginx:1.27
docker service update --detach --mount-rm /x old
docker service create --detach --name ended --replicas 0 --mount type=bind,src=/etc,dst=/x nginx:1.27
docker commit -c 'USER 10001' web app:numeric
docker commit -c 'USER nobody' web app:named
docker commit -c 'HEALTHCHECK CMD true' web app:checked
docker commit -c 'EXPOSE 8001 8002 8003 8004' web app:ports
docker commit -c 'VOLUME /data' web app:data
docker commit -c "VOLUME $(seq -s ' ' -f /v/%.0f 129)" web app:volumes
docker commit -c "VOLUME $(seq -s ' ' -f /%0200.0f 82)" web app:paths
curl -sS --fail --unix-socket /run/docker.sock -H 'Content-Type: application/json' -d '{"Cmd": ["sleep", "1"]}' \
    http://localhost/containers/old/exec
printf '{{range 9}}x{{end}}' | docker config create --template-driver golang old -
