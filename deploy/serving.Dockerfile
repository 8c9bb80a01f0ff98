# TensorFlow Serving with the models that `segue release` releases: `make image`, or
#   docker build -f deploy/serving.Dockerfile -t segue-serving .
#   docker run -p 8500:8500 -v "$PWD/out/serving:/models:ro" segue-serving
# 2.16.1 is the release for the TensorFlow that models are trained with.
ARG SERVING_IMAGE=tensorflow/serving:2.16.1
FROM ${SERVING_IMAGE}
COPY deploy/serving/models.config deploy/serving/monitoring.config /etc/segue/
COPY deploy/serving/serve_models /usr/local/bin/
USER 10001
WORKDIR /tmp
# gRPC; REST and metrics.
EXPOSE 8500 8501
ENTRYPOINT ["/usr/local/bin/serve_models"]
