#!/usr/bin/env bash
# Installs what some tests want beyond Python, where this machine lacks it and lets it be installed:
# Chromium with its driver, openssl, Java with Maven, the servers of MariaDB and PostgreSQL, and Redis.
# Without them those tests are skipped: never a failure here.
set -uo pipefail

has() { command -v "$1" >/dev/null 2>&1; }
say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }

has_browser() { has chromium || has chromium-browser || has google-chrome; }

missing=()
has_browser && has chromedriver || missing+=(browser)
has openssl || missing+=(openssl)
has mvn && has javac || missing+=(java)
has redis-server || missing+=(redis)
has mariadbd || [ -x /usr/sbin/mariadbd ] || missing+=(mariadb)
has initdb || compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || missing+=(postgresql)
[ ${#missing[@]} -eq 0 ] && exit 0

without() {
  say "Not installed: ${missing[*]} ($1). The tests that need it will be skipped."
  exit 0
}

has apt-get || without "there is no apt-get"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  has sudo && sudo -n true 2>/dev/null || without "needs root, or sudo without a password"
  as_root=(sudo -n)
fi
apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive timeout 600 apt-get -qq -o DPkg::Lock::Timeout=120 "$@" >>"$log" 2>&1
}
log="$(mktemp)"
trap 'rm -f "$log"' EXIT

say "Installing ${missing[*]}"
apt update || without "apt-get update failed: $(tail -n 1 "$log")"
for name in "${missing[@]}"; do
  case $name in
    # Debian's names, then Ubuntu's.
    browser) apt install --yes --no-install-recommends chromium chromium-driver ||
      apt install --yes --no-install-recommends chromium-browser chromium-chromedriver ;;
    mariadb) apt install --yes --no-install-recommends mariadb-server ;;
    redis) apt install --yes --no-install-recommends redis-server ;;
    java) apt install --yes --no-install-recommends maven default-jdk-headless ;;
    *) apt install --yes --no-install-recommends "$name" ;;
  esac || without "apt-get install failed: $(tail -n 1 "$log")"
done
