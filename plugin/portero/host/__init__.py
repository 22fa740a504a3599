"""What this host looks like to dockerd: paths, links, mounts, daemon sockets, daemon.json."""
