#!/bin/sh
# Honours MONGO_INITDB_ROOT_USERNAME and MONGO_INITDB_ROOT_PASSWORD as the official image does; arguments go to mongod.
set -eu
[ "${1:-}" != mongod ] || shift
if [ -n "${MONGO_INITDB_ROOT_USERNAME:-}" ]; then
  [ -e /data/db/WiredTiger ] || perl /create_user.pl &
  set -- --auth "$@"
fi
exec mongod --bind_ip_all "$@"
