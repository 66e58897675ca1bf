#!/bin/sh
# apache.sh DIR PORT: runs Apache in the foreground on 127.0.0.1:PORT, serving DIR, with its defaults
# but for what it needs to run at all. For negative.py --command.
set -eu
state=$(mktemp -d)
chmod 711 "$state"
modules=/usr/lib/apache2/modules
cat >"$state/apache.conf" <<CONF
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule dir_module $modules/mod_dir.so
ServerRoot $state
ServerName localhost
PidFile $state/pid
DefaultRuntimeDir $state
ErrorLog $state/error.log
Listen 127.0.0.1:$2
DocumentRoot $1
<IfModule unixd_module>
User www-data
Group www-data
</IfModule>
CONF
apache2 -f "$state/apache.conf" -D FOREGROUND &
server=$!
trap 'kill -TERM "$server" 2>/dev/null' TERM INT
wait "$server" || true
wait "$server" 2>/dev/null || true
rm -rf "$state"
