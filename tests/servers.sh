#!/bin/sh
# Installs the real programs that tests run. Debian or Ubuntu, as root.
# Nothing is started: each test starts what it needs, with its own configuration, in a folder of its own.
set -eu

packages="
    postfix
    dovecot-imapd
    postgresql
    chromium
    libreoffice-calc-nogui
    openssl
    systemd
    faketime
    calcurse
    dbus
    evolution-data-server
    gir1.2-ecal-2.0
    python3-gi
    thunderbird
    nginx-light
    groff-base
    man-db
    wrk
"

[ "$(id -u)" = 0 ] || { echo "make servers installs packages: run it as root" >&2; exit 1; }
command -v apt-get >/dev/null || { echo "make servers knows Debian only; elsewhere install: $packages" >&2; exit 1; }

export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then # Debian's own way to say: install, but start no service
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi

apt-get update -q
echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections
# shellcheck disable=SC2086 # a list of packages
apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 $packages

command -v npm >/dev/null || apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 nodejs npm
npm ci --no-audit --no-fund --prefix "$(dirname "$0")/feeds/programs"
