#!/usr/bin/env bash
# Registers the schemas of the contract with a schema registry that speaks Confluent's API:
#
#   schemas/register.sh http://localhost:8081                       # Confluent, Karapace
#   schemas/register.sh http://localhost:8080/apis/ccompat/v7       # Apicurio
#
# A subject for each topic, by the topic name strategy: stackone.account.lifecycle.v1-value and so on; TOPIC_PREFIX
# replaces "stackone". Its compatibility is FORWARD_TRANSITIVE: who has any earlier version reads what is written now.
# REGISTRY_AUTH=USER:PASSWORD is sent where it is set. Needs curl and jq. What is registered already stays as it is.
set -euo pipefail

readonly REGISTRY=${1:?usage: register.sh REGISTRY_URL}
readonly PREFIX=${TOPIC_PREFIX:-stackone}
readonly MODE=FORWARD_TRANSITIVE

for tool in curl jq; do
  command -v "$tool" >/dev/null || {
    echo "$tool is missing: install it first, nothing was registered" >&2
    exit 1
  }
done

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/registry

# call METHOD PATH, with the body on standard input: what the registry answers. Fails where it refuses.
call() {
  local answer status
  answer=$(curl --silent --show-error --max-time 30 ${REGISTRY_AUTH:+--user "$REGISTRY_AUTH"} --request "$1" \
    --header 'Content-Type: application/vnd.schemaregistry.v1+json' --data @- --write-out '\n%{http_code}' "${REGISTRY%/}/$2")
  status=${answer##*$'\n'}
  if [[ $status != 2* ]]; then
    echo "$1 $2 was refused with $status: ${answer%$'\n'*}" >&2
    return 1
  fi
  printf '%s' "${answer%$'\n'*}"
}

# register TOPIC SCHEMA
register() {
  local subject=$1-value id
  call PUT "config/$subject" <<<"{\"compatibility\": \"$MODE\"}" >/dev/null
  id=$(jq --null-input --rawfile schema "$folder/$2" '{ schemaType: "JSON", schema: $schema }' |
    call POST "subjects/$subject/versions" | jq .id)
  echo "$subject: schema $id, $MODE"
}

register "$PREFIX.account.lifecycle.v1" account-lifecycle-event.schema.json
register "$PREFIX.account.linked.v1" account-lifecycle-event.schema.json
register "$PREFIX.account.state.v1" account-state.schema.json
