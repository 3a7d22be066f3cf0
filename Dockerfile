# The gateway: built with all tools, run with none. Non-root, and its root file system may be read-only.
#   docker build -t swarmcast .
#   docker run --rm --read-only --tmpfs /tmp -p 127.0.0.1:8080:8080 \
#     -e SWARMCAST_AUTH_ALLOW_UNAUTHENTICATED_NETWORK=true swarmcast
# Inside a container the gateway binds all addresses, and refuses to without logins (docs/security.md) or that word.
# config/compose.yaml has it with simulators, Prometheus and Grafana; config/kubernetes has manifests.

FROM node:20.20.2-bookworm-slim AS build
WORKDIR /app
# `prepare` would build before the sources are there.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build && npm prune --omit=dev --ignore-scripts \
 && node scripts/keep-native-binary.mjs

FROM node:20.20.2-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json /app/README.md /app/LICENSE ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/config config
# The user `node`; as a number, so that Kubernetes can see that it is not root.
USER 1000
EXPOSE 8080
# All addresses of the container; who may come is decided by whoever publishes the port, and by `auth` of the configuration.
ENV SWARMCAST_HOST=0.0.0.0
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.SWARMCAST_PORT ?? 8080) + '/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "dist/main.js"]
CMD ["start"]
