"""How the service is run: two small workers, so that one container survives a slow request."""

bind = "0.0.0.0:8080"
worker_class = "gthread"
workers = 2
threads = 4
preload_app = True
worker_tmp_dir = "/dev/shm"
timeout = 20
graceful_timeout = 8
# The application writes its own access log, with the times that the bench needs.
accesslog = None
loglevel = "warning"
# Its socket would be in the home folder, which the user of the image does not have.
control_socket_disable = True


def post_worker_init(worker):
    """Opens the pool in the worker: its threads would not survive the fork."""
    worker.app.wsgi().extensions["orders"].open()
