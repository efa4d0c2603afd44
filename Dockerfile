# Built with: docker build -t confirmlab .    docs/install.md tells how to run it. No container engine was at hand where
# this was written; tests/docs/test_container.py holds what it promises.
FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY smsc_emulator smsc_emulator
COPY confirm confirm
COPY gateway gateway
COPY configs configs
COPY docs docs
RUN pip install --no-cache-dir hatchling sphinx myst-parser && pip install --no-cache-dir --no-build-isolation --prefix /installed .

FROM python:3.13-slim
COPY --from=build /installed /usr/local
RUN useradd --system --uid 10001 --no-create-home confirmlab && install -d -o confirmlab -g confirmlab /data
USER 10001
WORKDIR /data
VOLUME /data
ENV CONFIRMLAB_HOST=0.0.0.0 CONFIRMLAB_DATA=/data PYTHONUNBUFFERED=1
# SMPP, HTTP, SIP
EXPOSE 2775/tcp 8080/tcp 5060/udp 5060/tcp
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["confirmlab", "readyz"]
ENTRYPOINT ["confirmlab"]
CMD ["serve"]
