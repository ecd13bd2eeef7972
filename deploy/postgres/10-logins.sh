#!/bin/sh
# Run by PostgreSQL's image when it first starts: makes the logins, with the passwords in secrets.
set -eu
password() { tr -d '\n' < "/run/secrets/$1"; }
psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  -v database="$POSTGRES_DB" \
  -v owner_password="$(password db_owner_password)" \
  -v gateway_password="$(password db_gateway_password)" \
  -v reviewer_password="$(password db_auditor_password)" \
  -v keeper_password="$(password db_keeper_password)" \
  -f /opt/logins.sql
