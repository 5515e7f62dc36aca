# Images with ndflow and TensorFlow's library in them; docs/docker.md tells more. The targets:
#
#   ndflow    the command, with the model of its demo; what is built if none is named
#   runtime   the library and what it needs of Debian, for a program of your own to be put into
#   builder   Go, the library and ndflow's source, to compile that program
#   tests     the tests of package graph, on the library as it is in the image
#   gpu       as ndflow, with TensorFlow's build for NVIDIA's GPUs and its CUDA libraries.
#             Nobody has built this one yet.
#
# Build arguments: TENSORFLOW_VERSION, where it is not to be that of scripts/versions. Build
# secrets, for networks that need them: "ca", the certificates to trust; "pip", a pip.conf;
# "goproxy", what GOPROXY is to be. None is left in an image.

ARG GO_VERSION=1.26.8

FROM debian:bookworm-slim AS tools
RUN apt-get update \
 && apt-get install -y --no-install-recommends binutils ca-certificates g++ python3-pip \
 && rm -rf /var/lib/apt/lists/*
# What the library is made of, and nothing else: a change of Go code leaves this as it is.
COPY scripts/common.sh scripts/versions scripts/libtensorflow scripts/placement scripts/basic-pitch scripts/image-library /src/scripts/
COPY tfc/placement.h /src/tfc/
COPY tfc/placement /src/tfc/placement
ARG TENSORFLOW_VERSION

FROM tools AS library
RUN --mount=type=secret,id=ca --mount=type=secret,id=pip --mount=type=cache,target=/var/cache/pip \
    /src/scripts/image-library

FROM golang:${GO_VERSION}-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=secret,id=ca --mount=type=secret,id=goproxy \
    if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca; fi; \
    if [ -s /run/secrets/goproxy ]; then export GOPROXY="$(cat /run/secrets/goproxy)"; fi; \
    go mod download
COPY . .
RUN --mount=type=cache,target=/root/.cache/go-build \
    CGO_LDFLAGS=-static-libgcc go build -trimpath -buildvcs=false -ldflags='-s -w' -o /out/ndflow ./cmd/ndflow \
 && scripts/licences ./cmd/ndflow /out/licences

FROM build AS builder
COPY --from=library /opt/ndflow/libtensorflow /opt/ndflow/libtensorflow
ENV NDFLOW_LIBTENSORFLOW=/opt/ndflow/libtensorflow
# A module in /app finds ndflow in /src, with no version and no line of its own.
WORKDIR /app
RUN printf 'go %s\n\nuse (\n\t.\n\t/src\n)\n' "$(go env GOVERSION | sed 's/^go//')" >go.work

FROM debian:bookworm-slim AS root
COPY scripts/image-root /src/scripts/
RUN /src/scripts/image-root /root-of-image

FROM scratch AS base
COPY --from=root /root-of-image /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin
ENV NDFLOW_LIBTENSORFLOW=/opt/ndflow/libtensorflow
WORKDIR /work
USER ndflow

FROM base AS runtime
COPY --from=library /opt/ndflow/libtensorflow /opt/ndflow/libtensorflow

FROM runtime AS ndflow
COPY --from=library /opt/ndflow/basic-pitch /opt/ndflow/basic-pitch
COPY testdata/models/mlp /opt/ndflow/bench/mlp
COPY testdata/models/add4 /opt/ndflow/bench/add4
COPY --from=build /out/licences /usr/share/doc/ndflow
COPY --from=build /out/ndflow /usr/local/bin/ndflow
ENV NDFLOW_DEMO_MODEL=/opt/ndflow/basic-pitch/nmp NDFLOW_BENCH_MODELS=/opt/ndflow/bench
HEALTHCHECK --interval=1m --timeout=30s --start-period=10s CMD ["ndflow", "doctor", "--quiet"]
ENTRYPOINT ["ndflow"]

FROM build AS tests-build
RUN --mount=type=cache,target=/root/.cache/go-build go test -tags leakcheck -c -o /out/graph.test ./graph

FROM runtime AS tests
COPY testdata /src/testdata
COPY --from=tests-build /out/graph.test /src/graph/
# A folder to be mounted: some tests look at what files on a disk do to memory.
ENV TMPDIR=/work
WORKDIR /src/graph
ENTRYPOINT ["/src/graph/graph.test"]

FROM tools AS gpu-library
RUN --mount=type=secret,id=ca --mount=type=secret,id=pip --mount=type=cache,target=/var/cache/pip \
    /src/scripts/image-library --gpu

FROM base AS gpu
COPY --from=gpu-library /opt/ndflow /opt/ndflow
COPY testdata/models/mlp /opt/ndflow/bench/mlp
COPY testdata/models/add4 /opt/ndflow/bench/add4
COPY --from=build /out/licences /usr/share/doc/ndflow
COPY --from=build /out/ndflow /usr/local/bin/ndflow
ENV NDFLOW_DEMO_MODEL=/opt/ndflow/basic-pitch/nmp NDFLOW_BENCH_MODELS=/opt/ndflow/bench
# For NVIDIA's container toolkit, which brings the driver.
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
HEALTHCHECK --interval=1m --timeout=30s --start-period=10s CMD ["ndflow", "doctor", "--quiet"]
ENTRYPOINT ["ndflow"]

FROM ndflow
