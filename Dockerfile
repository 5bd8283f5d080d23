# Builds with all packages, runs with those of production only, as an unprivileged user.
#
#   docker build -t tidegate .
#   docker run -p 8080:8080 -v tidegate-data:/var/lib/tidegate -v ./config:/etc/tidegate:ro tidegate
#
# /etc/tidegate holds tidegate.yaml and what it includes; the journal is in /var/lib/tidegate: give it a volume.
# In a container the data plane must listen on 0.0.0.0; the admin API stays on the container's loopback:
#   docker exec CONTAINER tidegate servers

FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json ./
COPY src ./src
RUN node_modules/.bin/tsc -p .

FROM node:24-slim AS packages
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /opt/tidegate
COPY --from=packages /build/node_modules ./node_modules
COPY --from=build /build/dist/src ./dist/src
COPY package.json LICENSE ./
COPY bin ./bin
COPY config ./config
COPY config/container.yaml /etc/tidegate/tidegate.yaml
RUN ln -s /opt/tidegate/bin/tidegate.mjs /usr/local/bin/tidegate \
  && mkdir -p /var/lib/tidegate && chown node:node /var/lib/tidegate
USER node
VOLUME /var/lib/tidegate
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9700/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["tidegate"]
CMD ["run", "--config", "/etc/tidegate/tidegate.yaml"]
