#!/bin/sh
# Honours POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB as the official image does; arguments go to the server.
set -eu
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
data=/var/lib/postgresql/data
user=${POSTGRES_USER:-postgres}

if [ ! -s "$data/PG_VERSION" ]; then
  : "${POSTGRES_PASSWORD:?name a password}"
  password=$(mktemp)
  printf '%s\n' "$POSTGRES_PASSWORD" >"$password"
  initdb --no-sync --username="$user" --pwfile="$password" --auth-local=trust --auth-host=scram-sha-256 \
    --encoding=UTF8 --locale=C.UTF-8 "$data"
  rm "$password"
  echo 'host all all all scram-sha-256' >>"$data/pg_hba.conf"
  database=${POSTGRES_DB:-$user}
  if [ "$database" != postgres ]; then
    echo "CREATE DATABASE \"$database\"" | postgres --single -D "$data" postgres >/dev/null
  fi
fi
exec postgres -D "$data" -c listen_addresses='*' -c unix_socket_directories=/tmp "$@"
