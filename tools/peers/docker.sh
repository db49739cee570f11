#!/bin/sh
. "$(dirname "$0")/lib.sh"
image=provbench/tiny:bench
peer_available() {
	need docker
	need_socket /var/run/docker.sock
}
peer_version() { docker --version; }
peer_note() { echo "dockerd and containerd serve all containers and are not counted; --network none"; }
peer_prepare() { tar -C "$1" -c . | docker import - "$image"; }
peer_start() { echo "docker run --detach --name $1 --network none $image /sbin/prov-init 15 0"; }
peer_run() { peer_start "$1"; }
peer_exec() { echo "docker exec $1 /bin/busybox true"; }
peer_stop() { echo "docker rm --force $1"; }
peer_pids() {
	pid=$(docker inspect --format '{{.State.Pid}}' "$1") && echo "$pid $(parent_of "$pid")"
}
peer_clear() { docker ps --all --quiet --filter name=provbench-docker- | xargs -r docker rm --force; }
peer_cleanup() {
	for id in $(docker ps --all --quiet --filter name=provbench-docker-); do
		docker rm --force "$id"
	done
	docker rmi --force "$image"
}
peer_main "$@"
