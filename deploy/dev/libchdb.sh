#!/usr/bin/env bash
# Fetches the ClickHouse engine, libchdb.so (178 MB, 566 MB unpacked), once, into the file named:
#   libchdb.sh VERSION FILE
# npm checks the package against the registry's hash; where a hash of the library is recorded below,
# the library is held against that too. The file appears whole or not at all.
set -euo pipefail

version=$1
file=$2

case "$(uname -s)-$(uname -m)" in
Linux-x86_64) package=@chdb/lib-linux-x64-gnu ;;
Linux-aarch64) package=@chdb/lib-linux-arm64-gnu ;;
Darwin-arm64) package=@chdb/lib-darwin-arm64 ;;
Darwin-x86_64) package=@chdb/lib-darwin-x64 ;;
*)
    echo "libchdb.sh: no ClickHouse library for $(uname -sm): use a ClickHouse server (clickhouse.url) instead" >&2
    exit 1
    ;;
esac
case "$package@$version" in
@chdb/lib-linux-x64-gnu@26.7.3-stable.1) sha256=36ad4e999882821ef13cf2d0f52c93f48e6ee1b4498b35a201c23ce4b8d15bf5 ;;
*) sha256= ;;
esac

command -v npm > /dev/null || {
    echo "libchdb.sh: npm is missing; on Debian: apt-get install npm (\`make check-tools\` lists all)" >&2
    exit 1
}
folder=$(dirname "$file")
mkdir -p "$folder"
temporary=$(mktemp -d "$folder/.fetch-XXXXXX")
trap 'rm -rf "$temporary"' EXIT

echo "fetching $package@$version (178 MB, once) into $folder" >&2
(cd "$temporary" && npm pack --silent "$package@$version" > /dev/null) || {
    echo "libchdb.sh: npm could not fetch $package@$version; see its message above" >&2
    exit 1
}
tar -xzf "$temporary"/*.tgz -C "$temporary"
library=$(find "$temporary/package" -name 'libchdb.so' -o -name 'libchdb.dylib' | head -1)
[ -n "$library" ] || { echo "libchdb.sh: $package@$version holds no libchdb" >&2; exit 1; }
if [ -n "$sha256" ]; then
    found=$(sha256sum "$library" | cut -d' ' -f1)
    [ "$found" = "$sha256" ] || {
        echo "libchdb.sh: the library's sha256 is $found, not $sha256: not installed" >&2
        exit 1
    }
fi
mv -f "$library" "$file"
