"""How the service is run: two workers, each of which imports the release by itself."""

bind = "127.0.0.1:8000"
worker_class = "gthread"
workers = 2
threads = 4
worker_tmp_dir = "/dev/shm"
timeout = 20
graceful_timeout = 8
accesslog = None
loglevel = "info"
# Its socket would be in a folder that the service must not write.
control_socket_disable = True
