#!/bin/sh
# Makes what is missing of the keys and passwords that compose.yaml names; writes over nothing.
# The folder is closed to others; the files in it are open, since containers read them as users of
# their own.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
chmod 700 secrets
make() {
  [ -e "secrets/$1" ] && return 0
  "$2" > "secrets/$1"
  chmod 444 "secrets/$1"
  echo "made secrets/$1"
}
key() { openssl rand -base64 32; }
password() { openssl rand -hex 24; }
make master.key key
for name in upstream_api_key db_admin_password db_owner_password db_gateway_password \
    db_auditor_password db_keeper_password grafana_password; do
  make "$name" password
done
echo "back up secrets/master.key apart from the database"
