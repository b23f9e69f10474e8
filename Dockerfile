# One image for every role: `perpetua serve`, PERPETUA_ROLE says which (docs/settings.md).
FROM debian:12 AS build
WORKDIR /source
COPY scripts/setup scripts/setup
RUN scripts/setup --build-only
COPY . .
RUN scripts/build release perpetua && strip -g build/release/bin/perpetua

FROM debian:12-slim
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends \
      ca-certificates curl libboost-json1.81.0 libcrypto++8 libfmt9 libhiredis0.14 libpq5 \
      libprometheus-cpp-core1.0 libsecp256k1-1 libspdlog1.10 libsqlite3-0 libssl3 \
      libstdc++6 libtomlplusplus3 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /var/lib/perpetua --create-home perpetua \
 && install -d -o perpetua -g perpetua -m 700 /var/lib/perpetua-secrets
COPY --from=build /source/build/release/bin/perpetua /usr/local/bin/perpetua
USER perpetua
WORKDIR /var/lib/perpetua
ENV PERPETUA_LISTEN=0.0.0.0:8082 PERPETUA_DATA_DIR=/var/lib/perpetua
EXPOSE 8082
VOLUME ["/var/lib/perpetua", "/var/lib/perpetua-secrets"]
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=120s --retries=3 \
  CMD ["curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1:8082/readyz"]
ENTRYPOINT ["perpetua"]
CMD ["serve"]
