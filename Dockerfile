# For x86-64 and arm64, which is where MXNet runs on a Mac with Apple's processor:
#   docker build -t d2l_rnn .
#   docker run -it --rm d2l_rnn                          the bidirectional LSTM
#   docker run -it --rm d2l_rnn scripts/test.sh          the tests
FROM python:3.11-slim

# libgomp is what libmxnet.so needs of the system; libquadmath is not there on arm64.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && (apt-get install --yes --no-install-recommends libquadmath0 || true) \
    && rm -rf /var/lib/apt/lists/*

RUN useradd --create-home reader
USER reader
WORKDIR /home/reader/d2l_rnn
COPY --chown=reader . .
# The environment, as on any machine; what pip and uv keep besides is not for an image.
RUN scripts/reproduce.sh bilstm --help && rm -rf ~/.cache
ENV PATH=/home/reader/d2l_rnn/.venv/bin:$PATH

CMD ["scripts/reproduce.sh", "bilstm"]
