#!/usr/bin/env bash
# Says which tools this project's make targets need and lack. Exit code 1 if one is missing that most
# need; what a single target needs alone is told, and no fault.
set -u

missing=0
packages=()

# have NAME DEBIAN-PACKAGE WHAT-FOR TEST…
have() {
    local name=$1 package=$2 purpose=$3
    shift 3
    if "$@" > /dev/null 2>&1; then
        printf '  %-8s ok\n' "$name"
    else
        printf '  %-8s MISSING  for %s\n' "$name" "$purpose"
        missing=1
        packages+=("$package")
    fi
}

# alone NAME DEBIAN-PACKAGE TARGET TEST…
alone() {
    local name=$1 package=$2 target=$3
    shift 3
    if "$@" > /dev/null 2>&1; then
        printf '  %-8s ok\n' "$name"
    else
        printf '  %-8s not there: only `%s` needs it (on Debian: %s)\n' "$name" "$target" "$package"
    fi
}

java_17() {
    local version
    version=$("${JAVA_HOME:+$JAVA_HOME/bin/}java" -version 2>&1) || return 1
    [[ $version =~ version\ \"([0-9]+) ]] && [ "${BASH_REMATCH[1]}" -ge 17 ]
}

postgres() {
    command -v postgres || compgen -G '/usr/lib/postgresql/*/bin/postgres'
}

rust() {
    local minor
    minor=$(cargo --version 2> /dev/null | sed -nE 's/^cargo 1\.([0-9]+).*/\1/p')
    [ -n "$minor" ] && [ "$minor" -ge 90 ]
}

if rust; then
    printf '  %-8s ok\n' cargo
else
    printf '  %-8s MISSING  (1.90 or newer) for everything; Debian may be too old: install rustup, then `rustup default stable`\n' cargo
    missing=1
fi
have gcc build-essential "building librdkafka and OpenSSL" command -v gcc
have make build-essential "building librdkafka and OpenSSL" command -v make
have perl perl "building OpenSSL" command -v perl
have npm npm "fetching the ClickHouse engine (make libchdb)" command -v npm
have tar tar "unpacking the ClickHouse engine" command -v tar
have java default-jdk-headless "Apache Kafka in tests (17 or newer)" java_17
have mvn maven "fetching Apache Kafka (make kafka)" command -v mvn
have python3 python3 "ClickHouse's Python client in tests" command -v python3
have venv python3-venv "ClickHouse's Python client in tests" python3 -c 'import venv, ensurepip'
alone postgres postgresql "make test-debezium" postgres

if [ "$missing" = 1 ]; then
    if [ ${#packages[@]} -gt 0 ]; then
        echo "on Debian: apt-get install $(printf '%s\n' "${packages[@]}" | sort -u | tr '\n' ' ')"
    fi
    exit 1
fi
echo "all there"
