#!/bin/sh
# Installs what the tests with real programs need (Debian, root).
set -eu
echo "No server is needed yet: mail is written to a Maildir, the record is SQLite."
