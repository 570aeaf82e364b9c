#!/usr/bin/env bash
# kafka-run-class.sh CLASS [ARGUMENT...]: runs one of Kafka's main classes in place of this shell.
# Honours the same variables as the script of that name in Kafka's own distribution.
set -euo pipefail

readonly HOME_DIR=/opt/kafka
readonly G1='-server -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:InitiatingHeapOccupancyPercent=35 -XX:+ExplicitGCInvokesConcurrent'

# One fixed order of the jars (a glob is sorted): the class data archives are valid for that order only.
classpath=$(printf '%s:' "$HOME_DIR"/libs/*.jar)

if [[ -e $HOME_DIR/config/tools-log4j2.yaml ]]; then
  logging=-Dlog4j2.configurationFile=$HOME_DIR/config/tools-log4j2.yaml
else
  logging=-Dlog4j.configuration=file:$HOME_DIR/config/tools-log4j.properties
fi

# These hold several options each, so they are split at blanks on purpose.
# shellcheck disable=SC2206
options=(
  ${KAFKA_HEAP_OPTS:--Xmx256m}
  ${KAFKA_JVM_PERFORMANCE_OPTS:-$G1}
  -Djava.awt.headless=true
  ${CDS_OPTS:--XX:SharedArchiveFile=$HOME_DIR/kafka.jsa}
  ${KAFKA_LOG4J_OPTS:-$logging}
  ${KAFKA_JMX_OPTS:-}
  ${KAFKA_OPTS:-}
)

exec /opt/java/bin/java "${options[@]}" -cp "$classpath" "$@"
