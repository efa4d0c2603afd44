# Built with: docker build -t confirmlab .    docs/install.md tells how to run it, and how far that has been tried.
# tests/docs/test_container.py holds what it promises.
FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY smsc_emulator smsc_emulator
COPY confirm confirm
COPY gateway gateway
COPY configs configs
COPY docs docs
RUN pip install --no-cache-dir hatchling sphinx myst-parser \
    && pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheel .
# An environment of its own: what the builder has beside it, Sphinx brings, and pip would not install it again.
RUN python -m venv --without-pip /opt/confirmlab && pip --python /opt/confirmlab install --no-cache-dir /wheel/*.whl

FROM python:3.13-slim
COPY --from=build /opt/confirmlab /opt/confirmlab
RUN useradd --user-group --uid 10001 --no-create-home --shell /usr/sbin/nologin confirmlab \
    && install -d -o confirmlab -g confirmlab -m 0700 /data
USER 10001
WORKDIR /data
VOLUME /data
ENV PATH=/opt/confirmlab/bin:$PATH CONFIRMLAB_HOST=0.0.0.0 CONFIRMLAB_DATA=/data PYTHONUNBUFFERED=1
# SMPP, HTTP, SIP
EXPOSE 2775/tcp 8080/tcp 5060/udp 5060/tcp
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["confirmlab", "readyz"]
ENTRYPOINT ["confirmlab"]
CMD ["serve"]
