#!/bin/sh
# nginx.sh DIR PORT: runs nginx in the foreground on 127.0.0.1:PORT, serving DIR, with its defaults
# but for what it needs to run without root. For negative.py --command.
set -eu
state=$(mktemp -d)
chmod 711 "$state"
cat >"$state/nginx.conf" <<CONF
daemon off;
worker_processes 1;
pid $state/pid;
error_log $state/error.log;
events { worker_connections 256; }
http {
    access_log off;
    client_body_temp_path $state/body;
    proxy_temp_path $state/proxy;
    fastcgi_temp_path $state/fastcgi;
    uwsgi_temp_path $state/uwsgi;
    scgi_temp_path $state/scgi;
    server {
        listen 127.0.0.1:$2;
        root $1;
    }
}
CONF
nginx -c "$state/nginx.conf" -p "$state" -e "$state/error.log" &
server=$!
trap 'kill -QUIT "$server" 2>/dev/null' TERM INT
wait "$server" || true
wait "$server" 2>/dev/null || true
rm -rf "$state"
