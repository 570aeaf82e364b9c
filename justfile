# Every command of the project. `just` lists them; `just ci` is what has to pass before a change lands.

set shell := ["bash", "-euo", "pipefail", "-c"]

_default:
    @just --list --unsorted

# Show the whole pipeline at work: `just demo`, `just demo --once`, `just demo --kafka HOST:PORT`
[group('run')]
demo *arguments:
    cargo demo -- {{ arguments }}

# Play the demo's story once; its last line must be JSON that says ok
[group('run')]
demo-story:
    cargo demo -- --once --json | tail -n 1 | jq --exit-status --compact-output 'select(.ok == true)'

# The images of the services and of StackOne's stand-in, tag `local`; BUILD_IMAGE, RUNTIME_IMAGE and NODE_IMAGE name other base images
[group('run')]
images:
    for service in ingest processor connect simulator; do \
      docker build --target "$service" --tag "stackone-$service:local" ${BUILD_IMAGE:+--build-arg BUILD_IMAGE} \
        ${RUNTIME_IMAGE:+--build-arg RUNTIME_IMAGE} ${NODE_IMAGE:+--build-arg NODE_IMAGE} --build-arg STACKONE_REVISION="$(git describe --always --dirty)" .; \
    done

# All tests that need no Docker
[group('test')]
test *arguments:
    cargo test --no-fail-fast {{ arguments }}

# The pipeline suite, traces included, and what only a real broker proves, on Apache Kafka in containers; needs OpenSSL's headers; KAFKA_IMAGE names another image
[group('test')]
test-container *arguments:
    cargo test --no-fail-fast {{ with_containers }} --lib --test it --test samples --test chain {{ arguments }} -- --skip model:: --skip campaign::

# Story, zombies and kills on another version of Kafka, whose image KAFKA_IMAGE names: KAFKA_IMAGE=$(KAFKA_VERSION=3.9.1 .ci/kafka-image), or 2.8.2
[group('test')]
smoke-container:
    PROCESSOR_KILLS=6 cargo test {{ with_containers }} --test it -- \
        pipeline_story:: pipeline_zombies:: every_transition_is_seen_once_although_the_processor_is_killed_twenty_times

# The same everywhere, so that nothing is compiled twice
container_features := "container,kafka-tls,aws-msk-iam,otlp"

# The packages whose tests differ with these features; `just test` runs the others. The same everywhere, too
with_containers := "--package stackone-pipeline-tests --package stackone-link-process --package stackone-link-transport --package stackone-librdkafka --package stackone-link-kafka-auth --features " + container_features

# The model test on Apache Kafka in a container. By itself: six pipelines at a time beside all other tests are more than one container serves
[group('test')]
test-model-container:
    cargo test {{ with_containers }} --test it model::

# Writes the records and log lines of docs/walkthroughs/one-account.md anew, from a run on Apache Kafka in a container
[group('test')]
walkthrough:
    WRITE_WALKTHROUGH=1 cargo test {{ with_containers }} --test it walkthrough::

# Kills the processor so many times at random moments under load, on Apache Kafka in a container: ten a minute
[group('test')]
soak kills="600":
    PROCESSOR_KILLS={{ kills }} cargo test {{ with_containers }} --test it every_transition_is_seen_once_although_the_processor_is_killed_twenty_times -- --nocapture

# Kills ingest and stops, kills or pauses its broker, so many rounds, and looks for every webhook that was answered 200, on Apache Kafka in a container: six a minute
[group('test')]
soak-ingest rounds="60":
    CONSERVATION_ROUNDS={{ rounds }} cargo test {{ with_containers }} --test it what_was_answered_200_is_on_its_topic -- --nocapture

# Takes the identity provider of Kafka's tokens away for so many seconds: past the end of each token, and back, on Apache Kafka in a container
[group('test')]
soak-tokens seconds="300":
    TOKEN_PROVIDER_DOWN={{ seconds }} cargo test --package stackone-pipeline-tests --features {{ container_features }} --test it a_provider_that_is_down_past_a_tokens_end -- --nocapture

# Fails three brokers in containers in six ways, so many rounds, under signed webhooks, and ends with a table: four to eight minutes a round
[group('test')]
campaign rounds="10":
    CAMPAIGN_ROUNDS={{ rounds }} just campaign-short

# The same as CI has it: one round of two of the ways, in two and a half minutes
[group('test')]
campaign-short:
    cargo test {{ with_containers }} --test it campaign:: -- --nocapture

# Replaces the processors of another revision by those of this one and back, one by one under load, so many times, on Apache Kafka in a container: just upgrade 34836ab
[group('test')]
upgrade revision rounds="3":
    cargo build {{ with_containers }} --bin upgrade
    .ci/upgrade {{ revision }} {{ rounds }}

# docker-compose.yml: brings it up without Grafana, sees its traffic become events, takes it down; `just compose ci`: of images with that tag
[group('test')]
compose tag="local":
    .ci/compose {{ tag }}

# deploy/kubernetes against the schemas of Kubernetes and the Prometheus operator, its settings against the services; lints of the Dockerfile and the workflows
[group('test')]
delivery tag="local":
    .ci/delivery {{ tag }}

# The sample consumers of schemas/examples, each built by its own tools, on Kafka in a container
[group('test')]
samples *arguments:
    cargo test --package stackone-pipeline-tests --features container --test samples -- --nocapture {{ arguments }}

# Alerts, dashboards, runbook, objectives and documents: against the code, by promtool, and with a real Prometheus (Debian's package prometheus has both)
[group('test')]
monitoring *arguments:
    cargo test --package stackone-pipeline-tests --test operations -- --nocapture {{ arguments }}

# Play so many histories of the processor's core in virtual time, for at most so many seconds, from FIRST=1001 on or from the first; SEED=7 tells one of them, HISTORY=file one that was written down
[group('test')]
simulate count="1000" seconds="120":
    cargo run --quiet --profile simulation --package stackone-simulation -- {{ count }} {{ seconds }}

# The simulation as CI runs it: equal traces in two processes, 1,000 histories within 10 minutes (72 s of one core), and no build with planted faults
[group('test')]
simulation: planted-nowhere
    cargo test --profile simulation --package stackone-simulation
    cargo run --quiet --profile simulation --package stackone-simulation -- 1000 600

# Plant each of 20 faults into the processor's core: the simulation has to find each within so many seeds (27 s of one core)
[group('test')]
simulation-planted seeds="200":
    cargo run --quiet --profile simulation --package stackone-simulation --features planted-faults -- planted {{ seeds }}

# Change the core's owners and steps in one place after the other: its tests or the simulation have to fail (needs cargo-mutants); `just mutants 0/20` draws an even part
[group('test')]
mutants shard="0/1":
    .ci/mutants {{ shard }}

# That nothing but the simulation can be built with planted faults
[group('check')]
planted-nowhere:
    ! cargo tree --workspace --exclude stackone-simulation --edges features --format '{p} {f}' | grep planted-faults

# Draw docs/images/decision-table.svg from the code
[group('write')]
draw-decision-table:
    DRAW_DECISION_TABLE=1 cargo test --quiet --package stackone-processor-core --test it picture

# Draw docs/images: the dashboards' panels with data of a real Prometheus, from two minutes of the pipeline
[group('write')]
draw-dashboards:
    DRAW_DASHBOARDS=1 cargo test --package stackone-pipeline-tests --test operations every_panel

# Measure ingest's throughput and latency, 13 minutes on a machine that does nothing else; in short: `--rounds 1 --milliseconds 300`
[group('bench')]
bench-ingest *arguments: _bench-build
    {{ bench }} run {{ bench_output }} {{ arguments }}

# The same on Apache Kafka in a container; KAFKA_IMAGE names another image
[group('bench')]
bench-ingest-kafka *arguments: _bench-build
    container=$(docker run --detach --rm --publish 127.0.0.1:9092:9092 "${KAFKA_IMAGE:-apache/kafka:4.3.1}") && \
    trap 'docker rm --force "$container" >/dev/null' EXIT && \
    {{ bench }} run {{ bench_output }} --kafka 127.0.0.1:9092 {{ arguments }}

# What idle connections, slow bodies and forgeries cost signed traffic, 4 minutes; in short: `--rounds 1 --milliseconds 2000`
[group('bench')]
bench-ingest-crowd *arguments: _bench-build
    ulimit -n 20000 && {{ bench }} crowd {{ bench_output }} {{ arguments }}

# What ingest's memory does over 5 million requests, some 5 minutes; in short: `--requests 100000`
[group('bench')]
bench-ingest-memory *arguments: _bench-build
    {{ bench }} memory {{ bench_output }} {{ arguments }}

bench := "target/release/bench-ingest"
bench_output := "--service target/release/stackone-ingest --markdown docs/benchmarks.md"

_bench-build:
    cargo build --release --package stackone-ingest --package stackone-ingest-bench
    mkdir -p docs

# Measure the processor on the embedded broker, and write docs/benchmarks-processor.md; some 8 minutes, `--short` for one
[group('test')]
bench-processor *arguments:
    cargo build --release --package stackone-processor-bench
    mkdir -p docs
    target/release/bench-processor run --markdown docs/benchmarks-processor.md {{ arguments }}

# The same on Apache Kafka in a container of its own, and restoring a million accounts: docs/benchmarks-processor-kafka.md
[group('test')]
bench-processor-kafka *arguments:
    cargo build --release --package stackone-processor-bench --features container
    mkdir -p docs
    target/release/bench-processor run --kafka container --markdown docs/benchmarks-processor-kafka.md {{ arguments }}

# Measure the processor beside another revision of it, in turns on one Apache Kafka: ratios with their intervals, 3 minutes a round; KAFKA_IMAGE names another image
[group('bench')]
bench-processor-against revision *arguments:
    cargo build --release --package stackone-processor-bench --features container
    .ci/bench-against {{ revision }} {{ arguments }}

# Measure connect on the real pipeline over Apache Kafka in a container, and write docs/benchmarks-connect.md (needs Node.js); some 5 minutes, in short: `--accounts 10000 --streams 200`
[group('bench')]
bench-connect *arguments: hub
    cargo build --release --bins --package stackone-ingest --package stackone-processor-cli --package stackone-connect --package stackone-simulator
    mkdir -p target/browser
    STACKONE_BIN=target/release node connect/bench/bench.mjs {{ arguments }}

# Measure what connect spends on reading accounts when it starts, on the embedded broker; compare with another build of it: `--against FILE`
[group('bench')]
bench-connect-states *arguments:
    cargo build --release --package stackone-connect --package stackone-connect-bench
    target/release/bench-connect --service target/release/stackone-connect {{ arguments }}

# Fuzz what others send, webhooks, answers of the accounts API and tokens of connect's callers, for so many seconds a target (needs cargo-fuzz and a nightly compiler)
[group('test')]
fuzz-ingest seconds="600":
    cd ingest/fuzz && mkdir -p corpus/signature corpus/envelope corpus/account corpus/list corpus/bearer
    cd ingest/fuzz && cargo fuzz run signature corpus/signature ../../schemas/fixtures -- -max_total_time={{ seconds }} -dict=signature.dict -max_len=4096
    cd ingest/fuzz && cargo fuzz run envelope corpus/envelope ../../schemas/fixtures -- -max_total_time={{ seconds }} -dict=json.dict -max_len=8192
    cd ingest/fuzz && cargo fuzz run account corpus/account ../../schemas/fixtures -- -max_total_time={{ seconds }} -dict=json.dict -max_len=8192
    cd ingest/fuzz && cargo fuzz run list corpus/list ../../schemas/fixtures -- -max_total_time={{ seconds }} -dict=json.dict -max_len=8192
    cd ingest/fuzz && cargo fuzz run bearer corpus/bearer seeds/bearer -- -max_total_time={{ seconds }} -dict=bearer.dict -max_len=4096

# Formatting, and clippy without a warning, on the default build and on the one with containers
[group('check')]
lint: fmt clippy clippy-container

# Formatting, without changing anything (`cargo fmt` does), and comments of over 100 characters, but for tables and addresses
[group('check')]
fmt:
    cargo fmt --all --check
    ! LC_ALL=C.UTF-8 git grep --line-number --perl-regexp '^(?=.{101}) *//(?![/!]? *(\||https?:))' -- '*.rs'

# Clippy on the default build
[group('check')]
clippy:
    cargo clippy --workspace --all-targets -- -D warnings

# Clippy on the build that tests on containers
[group('check')]
clippy-container:
    cargo clippy --workspace --all-targets --features container -- -D warnings

# Clippy on the build of the images, of what exports traces, and of the tests of brokers that require TLS; compiles librdkafka against OpenSSL's headers (Debian: libssl-dev)
[group('check')]
clippy-tls:
    cargo clippy --workspace --all-targets --features {{ container_features }} -- -D warnings

# Spelling in code and documents (typos.toml; PyPI and crates.io have typos)
[group('check')]
typos:
    typos

# Limits of production code: fields, lines, names, and circles of modules (tests/structure)
[group('check')]
structure:
    cargo run --quiet --package stackone-structure -- check

# Production lines of each crate
[group('check')]
sizes:
    cargo run --quiet --package stackone-structure -- sizes

# The modules of a crate, and which use which, as a Mermaid chart: `just map processor/core`
[group('check')]
map folder:
    cargo run --quiet --package stackone-structure -- map {{ folder }}

# The API documentation, without a warning
[group('check')]
doc *arguments:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --features {{ container_features }} {{ arguments }}

# Licences, banned crates and sources (deny.toml)
[group('check')]
deny:
    cargo deny --locked check --hide-inclusion-graph licenses bans sources

# Known vulnerabilities; fetches the advisory database
[group('check')]
advisories:
    cargo deny --locked check advisories

# That the demo is compiled of what `cargo test` compiles: a dependency that is listed has other features there (demo/Cargo.toml)
[group('check')]
one-build:
    #!/usr/bin/env bash
    set -euo pipefail
    dependencies() { cargo tree --format '{p} {f}' --prefix none "$@" | sed 's/ (\*)$//' | sort --unique; }
    demo=$(dependencies --package stackone-demo --edges normal,build)
    all=$(dependencies --workspace --edges all)
    ! comm -23 <(echo "$demo") <(echo "$all") | grep .

# Dependencies that nothing uses
[group('check')]
machete:
    cargo machete --with-metadata

# Shellcheck on every shell script
[group('check')]
scripts:
    git grep --cached -lE '^#!.*[/ ](ba)?sh$' -- ':!*.rs' | xargs shellcheck

# Hold schemas/asyncapi.json against the parser of the AsyncAPI project (needs Node.js)
[group('check')]
asyncapi:
    command -v npm >/dev/null || { echo "npm is missing: install Node.js 20 or newer" >&2; exit 1; }
    npm ci --prefix .ci/asyncapi --ignore-scripts --no-audit --no-fund --loglevel error
    node .ci/asyncapi/check.js schemas/asyncapi.json

# Lint connect/openapi.json (needs Node.js)
[group('check')]
openapi:
    command -v npm >/dev/null || { echo "npm is missing: install Node.js 20.19 or newer" >&2; exit 1; }
    npm ci --prefix .ci/openapi --ignore-scripts --no-audit --no-fund --loglevel error
    node .ci/openapi/check.js connect/openapi.json

# Requests that schemathesis derives from connect/openapi.json, to a running connect: 20 seconds (needs Python 3.10 or newer)
[group('test')]
schemathesis:
    python3 -m venv target/schemathesis
    target/schemathesis/bin/pip install --quiet --disable-pip-version-check --requirement .ci/openapi/requirements.txt
    SCHEMATHESIS="$PWD/target/schemathesis/bin/schemathesis" cargo test --test schemathesis

# StackOne's Hub, pinned by connect/web/package-lock.json, into target/hub (needs Node.js)
[group('run')]
hub: _web-packages
    node connect/web/hub.mjs target/hub

_web-packages:
    command -v npm >/dev/null || { echo "npm is missing: install Node.js 20 or newer" >&2; exit 1; }
    npm ci --prefix connect/web --ignore-scripts --no-audit --no-fund --loglevel error

# The types and the size of what connect serves to browsers (needs Node.js)
[group('check')]
web-check: _web-packages
    connect/web/node_modules/.bin/tsc --project connect/web
    node connect/web/check.mjs

# Link accounts in a real browser with StackOne's real Hub (needs Node.js, and Debian's chromium or CHROMIUM)
[group('test')]
browser *arguments: hub
    npm ci --prefix tests/browser/react --ignore-scripts --no-audit --no-fund --loglevel error
    node --test {{ arguments }} tests/browser/*.test.mjs

# The same on the real services, with two replicas of connect, on Apache Kafka in a container
[group('test')]
browser-container *arguments: hub
    cargo build --bin stackone-ingest --bin stackone-processor --bin stackone-connect --bin stackone-simulator
    node --test {{ arguments }} tests/browser/pipeline/*.test.mjs

# StackOne's own SDK for TypeScript against the stand-in (needs Node.js)
[group('test')]
simulator-sdk:
    command -v npm >/dev/null || { echo "npm is missing: install Node.js 20 or newer" >&2; exit 1; }
    cargo build --bin stackone-simulator
    npm ci --prefix tests/simulator/sdk --ignore-scripts --no-audit --no-fund --loglevel error
    node --test tests/simulator/sdk/*.test.mjs

# Draw docs/images/link-*.png anew, in the same browser
[group('write')]
draw-link: hub
    DRAW_LINK=1 node --test tests/browser/screenshots.test.mjs

# Register the schemas with a real registry, Apicurio, and see it refuse a break (needs Java, Maven, Python)
[group('test')]
registry:
    .ci/registry/check

# Write the JSON Schemas and the AsyncAPI document of the contract anew from the code (a test fails when they differ)
[group('write')]
schemas:
    cargo run --package stackone-link-schemas --example write_schemas
    cargo run --package stackone-link-wire --example write_asyncapi

# Keep the schemas and example records of a release, which no later change may break: `just release-schemas 0.2.0` (until it is tagged)
[group('write')]
release-schemas version:
    .ci/released-schemas keep {{ version }}

# Write the PrometheusRule of deploy/kubernetes anew from the rules of deploy/prometheus (`just delivery` fails when they differ)
[group('write')]
prometheus-rule:
    .ci/prometheus-rule > deploy/kubernetes/monitoring/prometheus-rule.yaml

# Write docs/answers.md, what ingest answers and when, anew from the code (a test fails when they differ)
[group('write')]
answers:
    cargo run --package stackone-ingest --example write_answers

# All static checks, the quick ones first
[group('check')]
check: fmt scripts typos structure deny machete one-build asyncapi openapi web-check clippy clippy-tls doc

# Everything that has to pass, in order. On a bare Debian as root: .ci/run
[group('check')]
ci: check test schemathesis browser simulator-sdk simulation simulation-planted demo-story registry test-container test-model-container campaign-short browser-container images compose delivery
