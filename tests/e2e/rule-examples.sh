# What the examples of rules name, before they are typed (test_rule_examples.py).
set -e
mkdir -p /srv/app/plugin/rootfs /srv/listed/a /home/listed/site /home/alicia/site /home/user
mkdir -p /run/listed /srv/trusted/site /opt/portero /srv/more
echo 'nobody:x:65534:65534::/:/bin/sh' > /srv/app/passwd
echo 'FROM busybox' > /srv/app/Dockerfile
echo '{"entrypoint": ["/x"], "interface": {"types": ["x"], "socket": "x.sock"}}' > /srv/app/plugin/config.json
docker save -o /srv/app/image.tar busybox
long=$(head -c 4096 /dev/zero | tr '\0' x)
echo "$long" > /srv/app/long.txt
echo "TEXT=$long" | tee /srv/app/long.env > /srv/app/long.labels
docker run -d --name web --init busybox sleep 3600
for network in app listed elsewhere; do docker network create --driver overlay --attachable $network; done
docker service create --detach --name web --replicas 0 nginx:1.27
docker service update --detach --env-add A=a web
