#!/bin/sh
# C03, C04: dials every special address in every spelling from inside a network
# namespace where all addresses are this machine, and counts who is reached.
# Needs root, Linux and iproute2. No packet leaves the namespace, and it is gone
# when the script ends. The result is kept in tests/results/addresses.txt.
set -eu
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "run it as root: it makes a network namespace" >&2; exit 1; }
test=safety::namespace::c03_nothing_is_dialled_in_a_world_where_everything_answers
cargo test -p toolrun --test it --no-run
mkdir -p tests/results
files=$(mktemp -d)
trap 'rm -rf "$files"' EXIT
echo "nameserver 127.0.0.53" >"$files/resolv.conf"
echo "hosts: files dns" >"$files/nsswitch.conf"
cat >"$files/hosts" <<HOSTS
127.0.0.1 localhost
10.0.0.7 hosts-private.example
127.0.0.1 hosts-loopback.example localhost.evil
169.254.169.254 127.0.0.1.x
HOSTS
unshare --net --mount sh -eu -c '
    files=$1 test=$2
    for file in resolv.conf nsswitch.conf hosts; do
        mount --bind "$files/$file" "$(readlink -f "/etc/$file")"
    done
    ip link set lo up
    ip route add local 0.0.0.0/0 dev lo
    ip -6 route add local ::/0 dev lo
    cargo test --offline -p toolrun --test it -- --ignored --exact "$test" --nocapture
' sh "$files" "$test" >"$files/out" 2>&1 || { cat "$files/out"; exit 1; }
{
    echo "Addresses that were dialled in a network namespace where every address answers."
    echo "Made by tests/addresses-in-a-namespace.sh, $(date -u +%Y-%m-%d), $(target/debug/toolrun --version | head -n 1)"
    echo
    grep -E "connects|controls" "$files/out"
} >tests/results/addresses.txt
cat tests/results/addresses.txt
