-- Four logins for the audit log, run once by an administrator of the database server:
--
--   psql -v database=cloakroom -v owner_password=... -v gateway_password=... \
--        -v reviewer_password=... -v keeper_password=... -f logins.sql
--
-- with `-v console=yes` before `-f` where the gateways have a console (`console: {enabled: true}`):
-- they then keep its accounts, and read the log. For legal holds and requests of data subjects
-- at the console run as well: GRANT cloakroom_retention TO cloakroom_gateway;
--
-- cloakroom_owner     migrates, and owns the tables; used by `cloakroom audit migrate` alone
-- cloakroom_gateway   inserts records and signs the tree; used by the gateways
-- cloakroom_auditor   reads; used by `cloakroom audit verify` and the like
-- cloakroom_keeper    deletes what is old enough, anchors and makes evidence; used by the jobs that
--                     run `cloakroom audit prune`, `anchor` and `evidence`
--
-- `audit migrate` would make the roles, too, but then its login had to be one that may make roles.
\set ON_ERROR_STOP on
CREATE ROLE cloakroom_writer NOLOGIN;
CREATE ROLE cloakroom_sequencer NOLOGIN;
CREATE ROLE cloakroom_retention NOLOGIN;
CREATE ROLE cloakroom_reviewer NOLOGIN;
CREATE ROLE cloakroom_console NOLOGIN;

CREATE ROLE cloakroom_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE cloakroom_gateway LOGIN PASSWORD :'gateway_password';
CREATE ROLE cloakroom_auditor LOGIN PASSWORD :'reviewer_password';
CREATE ROLE cloakroom_keeper LOGIN PASSWORD :'keeper_password';

GRANT cloakroom_writer, cloakroom_sequencer, cloakroom_retention, cloakroom_reviewer,
  cloakroom_console TO cloakroom_owner WITH ADMIN OPTION;
GRANT cloakroom_writer, cloakroom_sequencer TO cloakroom_gateway;
\if :{?console}
GRANT cloakroom_console TO cloakroom_gateway;
\endif
GRANT cloakroom_reviewer TO cloakroom_auditor;
GRANT cloakroom_writer, cloakroom_sequencer, cloakroom_retention, cloakroom_reviewer
  TO cloakroom_keeper;

REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO cloakroom_owner, cloakroom_gateway, cloakroom_auditor,
  cloakroom_keeper;
\connect :"database"
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO cloakroom_owner;
-- To the roles, too: what writes does so as the role, not as the login.
GRANT USAGE ON SCHEMA public TO cloakroom_gateway, cloakroom_auditor, cloakroom_keeper,
  cloakroom_writer, cloakroom_sequencer, cloakroom_retention, cloakroom_reviewer, cloakroom_console;
