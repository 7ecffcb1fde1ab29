# syntax=docker/dockerfile:1
# The images of compose.yaml: agent, avatar, gateway. Their steps are those of `make setup`.

FROM node:22-slim AS page
WORKDIR /app
COPY frontend/package.json frontend/package-lock.json frontend/
RUN npm ci --prefix frontend --no-audit --no-fund --loglevel=error
COPY frontend frontend
RUN npm run --prefix frontend --silent build

# The page's development server (compose profile `dev`).
FROM page AS page-dev
RUN chown -R node:node frontend
USER node
CMD ["npm", "--prefix", "frontend", "run", "dev", "--", "--host", "0.0.0.0"]

FROM python:3.11-slim AS python
# OpenMP, for the embedded LLM.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home --home-dir /app visavis
WORKDIR /app

FROM python AS environment
RUN pip install --no-cache-dir --disable-pip-version-check uv==0.13.8
ENV UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN uv sync --locked --no-default-groups --group apps --group postgres --no-install-project --no-cache
COPY visavis visavis
RUN uv sync --locked --no-default-groups --group apps --group postgres --no-cache

FROM python AS runtime
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 NUMBA_CACHE_DIR=/app/.cache/numba
COPY --from=environment --chown=visavis /app /app
COPY --chown=visavis safe_fetch.py safe_pictures.py settings.py settings_brains.py settings_door.py worker_cli.py ./
COPY --chown=visavis store store
RUN mkdir data && chown visavis /app data
USER 10001

FROM runtime AS agent
COPY --chown=visavis docs docs
COPY --chown=visavis agent agent
RUN python -m agent.brains.llama_weights
EXPOSE 8081
CMD ["python", "-m", "agent", "start"]

FROM runtime AS avatar
COPY --chown=visavis avatar_worker avatar_worker
RUN python -m avatar_worker prewarm
EXPOSE 8082
CMD ["python", "-m", "avatar_worker", "start"]

FROM runtime AS gateway
COPY --chown=visavis gateway gateway
# What the workers can be asked for.
COPY --chown=visavis agent/__init__.py agent/languages.py agent/parts.py agent/
COPY --chown=visavis agent/brains/__init__.py agent/brains/errors.py agent/brains/plugins.py agent/brains/providers.py agent/brains/
COPY --chown=visavis avatar_worker/__init__.py avatar_worker/background.py avatar_worker/image.py avatar_worker/paint.py avatar_worker/
COPY --chown=visavis avatar_worker/heads avatar_worker/heads
COPY --from=page --chown=visavis /app/frontend/dist frontend/dist
EXPOSE 8080
CMD ["python", "-m", "gateway"]
