#!/usr/bin/env bash
# A Kafka server for development, from the jars that `make kafka` fetches.
#   kafka.sh start   on port 9092 (KAFKA_PORT; the controller takes the next one), until `stop`
#   kafka.sh stop
#   kafka.sh status
#   kafka.sh tool kafka.tools… or org.apache.kafka.tools.TopicCommand …   one of Kafka's own tools
# Data and log lie in the cache folder, kafka/data; `stop` keeps them.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=4.1.0
cache=${SADA_CACHE:-${XDG_CACHE_HOME:+$XDG_CACHE_HOME/sada}}
cache=${cache:-$HOME/.cache/sada}
libs=$cache/kafka/$version/libs
data=${KAFKA_DATA:-$cache/kafka/data}
port=${KAFKA_PORT:-9092}
controller=$((port + 1))
java=${JAVA_HOME:+$JAVA_HOME/bin/}java

say() { echo "kafka.sh: $*" >&2; }
alive() { [ -f "$data/pid" ] && kill -0 "$(cat "$data/pid")" 2>/dev/null; }
answers() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }

[ -d "$libs" ] || { say "no jars in $libs: run \`make kafka\`"; exit 1; }

case "${1:-}" in
start)
    if alive; then say "is running already (process $(cat "$data/pid"))"; exit 0; fi
    if answers; then say "port $port is taken: set KAFKA_PORT"; exit 1; fi
    mkdir -p "$data"
    {
        cat "$here/kafka/server.properties"
        echo "listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller"
        echo "advertised.listeners=PLAINTEXT://127.0.0.1:$port"
        echo "controller.quorum.bootstrap.servers=127.0.0.1:$controller"
        echo "log.dirs=$data/log"
    } > "$data/server.properties"
    if [ ! -f "$data/log/meta.properties" ]; then
        id=$("$java" -cp "$libs/*" kafka.tools.StorageTool random-uuid 2>/dev/null)
        "$java" -cp "$libs/*" kafka.tools.StorageTool format --standalone -t "$id" \
            -c "$data/server.properties" > "$data/format.out" 2>&1 || { cat "$data/format.out" >&2; exit 1; }
    fi
    nohup "$java" -Xmx512m -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$libs/*" \
        kafka.Kafka "$data/server.properties" > "$data/server.out" 2>&1 < /dev/null &
    echo $! > "$data/pid"
    for _ in $(seq 300); do
        alive || { say "ended at once:"; tail -20 "$data/server.out" >&2; exit 1; }
        if answers; then say "ready on localhost:$port"; exit 0; fi
        sleep 0.1
    done
    say "does not answer after 30 s; its log is $data/server.out"
    exit 1
    ;;
stop)
    alive || { say "is not running"; exit 0; }
    pid=$(cat "$data/pid")
    kill "$pid"
    for _ in $(seq 300); do
        kill -0 "$pid" 2>/dev/null || { rm -f "$data/pid"; say "stopped"; exit 0; }
        sleep 0.1
    done
    say "process $pid does not end: kill -9 $pid"
    exit 1
    ;;
status)
    if alive; then say "runs on localhost:$port (process $(cat "$data/pid"))"; else say "is not running"; exit 1; fi
    ;;
tool)
    shift
    exec "$java" -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$libs/*" "$@"
    ;;
*)
    sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 2
    ;;
esac
