#!/bin/sh
# A stage of the pipeline that only takes its time: STAGE_SECONDS (0).
set -eu
echo "$1: ${STAGE_SECONDS:-0} s"
sleep "${STAGE_SECONDS:-0}"
