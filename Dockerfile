# The dashboard on a CPU, for everybody who isn't a Hugging Face Space:
#   docker build -t pokeclf . && docker run -p 7860:7860 pokeclf
FROM python:3.11-slim
WORKDIR /app

# torch and torchvision must come from the same build; that of the CPU's index has no CUDA in it.
# xgboost would bring some of CUDA back, and only training needs it.
COPY requirements.txt ./
RUN grep '^torch' requirements.txt > torch.txt \
    && grep -v '^xgboost' requirements.txt > others.txt \
    && pip install --no-cache-dir --index-url https://download.pytorch.org/whl/cpu -r torch.txt \
    && pip install --no-cache-dir -r others.txt \
    && rm torch.txt others.txt \
    && useradd --create-home --uid 1000 pokeclf

COPY app.py ./
COPY pokeclf ./pokeclf
COPY checkpoints ./checkpoints
COPY examples ./examples

USER 1000
ENV GRADIO_SERVER_NAME=0.0.0.0 GRADIO_SERVER_PORT=7860 PYTHONUNBUFFERED=1
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['GRADIO_SERVER_PORT'] + '/health')"]
CMD ["python", "app.py"]
