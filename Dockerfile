# The images of the services, and of StackOne's stand-in: `just images`, or `docker build --target ingest .`
#
# Nothing in it needs BuildKit. A host that reaches no registry names its own base images: `.ci/base-image`
# makes them out of packages, and `just images` passes their names on.

# Has the SBOM of a release name the crates of Cargo.lock, which programs do not tell.
ARG BUILDKIT_SBOM_SCAN_CONTEXT=true
# Rust as rust-toolchain.toml has it (`just delivery` compares them), a C++ compiler, make and OpenSSL's headers.
ARG BUILD_IMAGE=rust:1.95.0-bookworm
# glibc, libssl3, libgcc, libstdc++ and root certificates of the same Debian. It needs no shell.
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian12:nonroot
# What has the programs in /programs: the stage below, or an image made of what was compiled elsewhere.
ARG PROGRAMS=build
# Node.js 20 or later with npm.
ARG NODE_IMAGE=node:24.21.0-bookworm-slim
# What has StackOne's Hub in /hub: the stage below, or an image made of what `just hub` has written.
ARG HUB=hub-build

# The manifests, with a program that does nothing in the place of each crate: as long as these files are the
# same, the layer with the compiled dependencies is.
FROM ${BUILD_IMAGE} AS manifests
WORKDIR /source
COPY . .
RUN find . -type f ! -name Cargo.toml ! -name Cargo.lock ! -path ./.cargo/config.toml \
        ! -path '*/src/lib.rs' ! -path '*/src/main.rs' -delete \
    && echo 'fn main() {}' >/tmp/program.rs \
    && find . -name '*.rs' -exec cp /tmp/program.rs {} \;

FROM ${BUILD_IMAGE} AS build
WORKDIR /source
# `dev` compiles faster.
ARG PROFILE=release
# Features beside these, by commas: stackone-ingest/aws-msk-iam, say.
ARG MORE_FEATURES=""
# The runtime image has no zlib.
ENV LIBZ_SYS_STATIC=1
ENV WHAT="--package stackone-ingest --package stackone-processor-cli --package stackone-connect \
    --package stackone-simulator --features stackone-ingest/kafka-tls,stackone-ingest/otlp,stackone-processor-cli/kafka-tls,stackone-processor-cli/otlp,stackone-connect/kafka-tls${MORE_FEATURES:+,}${MORE_FEATURES}"
COPY --from=manifests /source .
RUN cargo build --locked --profile "$PROFILE" $WHAT
COPY . .
# The label `revision` of the metric `build_info`.
ARG STACKONE_REVISION=unknown
# The sources may be older than what was compiled in their place, which cargo would take for newer then.
RUN find . -path ./target -prune -o -name '*.rs' -exec touch {} + \
    && cargo build --locked --profile "$PROFILE" $WHAT \
    && mkdir /programs \
    && find target -mindepth 2 -maxdepth 2 -type f -name 'stackone-*' -perm -u+x -exec cp {} /programs/ \;

FROM ${PROGRAMS} AS programs

# StackOne's Hub, of the version and with the integrity that the lock file pins; none of its scripts runs.
FROM ${NODE_IMAGE} AS hub-build
WORKDIR /web
COPY connect/web/package.json connect/web/package-lock.json connect/web/.npmrc connect/web/hub.mjs ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel error && node hub.mjs /hub

FROM ${HUB} AS hub

FROM ${RUNTIME_IMAGE} AS runtime
ARG STACKONE_REVISION=unknown
LABEL org.opencontainers.image.licenses="Apache-2.0" org.opencontainers.image.revision="$STACKONE_REVISION"
# A number, so that Kubernetes can tell that it is not root.
USER 65532:65532

# Everything a service writes goes to Kafka and to standard error: its file system can be read-only.
FROM runtime AS ingest
COPY --from=programs /programs/stackone-ingest /usr/local/bin/
# Sets nothing; to be mounted over.
COPY deploy/image/ingest.toml /etc/stackone/
ENV INGEST__SERVER__LISTEN=0.0.0.0:8080 INGEST__ADMIN__LISTEN=0.0.0.0:8081
EXPOSE 8080 8081
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s \
    CMD ["stackone-ingest", "--config", "/etc/stackone/ingest.toml", "healthcheck"]
ENTRYPOINT ["stackone-ingest", "--config", "/etc/stackone/ingest.toml"]

FROM runtime AS processor
COPY --from=programs /programs/stackone-processor /usr/local/bin/
COPY deploy/image/processor.toml /etc/stackone/
ENV PROCESSOR__ADMIN__LISTEN=0.0.0.0:8082
EXPOSE 8082
# Restoring a million accounts takes a while, and it is not ready before.
HEALTHCHECK --interval=5s --timeout=4s --start-period=2m \
    CMD ["stackone-processor", "--config", "/etc/stackone/processor.toml", "healthcheck"]
ENTRYPOINT ["stackone-processor", "--config", "/etc/stackone/processor.toml"]

FROM runtime AS connect
COPY --from=programs /programs/stackone-connect /usr/local/bin/
# Settings name it in `hub.folder`; without that line people go by StackOne's own page.
COPY --from=hub /hub /usr/share/stackone-connect/hub
COPY deploy/image/connect.toml /etc/stackone/
ENV CONNECT__SERVER__LISTEN=0.0.0.0:8084 CONNECT__ADMIN__LISTEN=0.0.0.0:8085
EXPOSE 8084 8085
# It reads both topics to their ends before it is ready.
HEALTHCHECK --interval=5s --timeout=4s --start-period=1m \
    CMD ["stackone-connect", "--config", "/etc/stackone/connect.toml", "healthcheck"]
ENTRYPOINT ["stackone-connect", "--config", "/etc/stackone/connect.toml"]

FROM runtime AS simulator
COPY --from=programs /programs/stackone-simulator /usr/local/bin/
EXPOSE 9090 9091
HEALTHCHECK --interval=5s --timeout=4s --start-period=10s CMD ["stackone-simulator", "healthcheck"]
ENTRYPOINT ["stackone-simulator"]
