"""Traffic from recordings and descriptions: what is taken, and what never gets into a scenario."""

import json

import pytest
import yaml
from click.testing import CliRunner

from harness.cli import main
from harness.errors import UsageProblem
from harness.probe.config import Traffic
from harness.starter.traffic import traffic_of

API = """
openapi: {version}
info: {{title: Orders, version: "1"}}
servers: [{{url: "https://api.example/v2/"}}]
components:
  parameters:
    page: {{name: page, in: query, required: true, schema: {{type: integer, default: 1}}}}
paths:
  /orders:
    parameters: [{{$ref: "#/components/parameters/page"}}]
    get: {{responses: {{"200": {{description: ok}}}}}}
    post: {{responses: {{"201": {{description: made}}}}}}
  /orders/{{orderId}}:
    get:
      parameters: [{{name: orderId, in: path, required: true, schema: {{type: integer}}}}]
      responses: {{"200": {{description: ok}}}}
  /users/{{name}}:
    get:
      parameters: [{{name: name, in: path, required: true, schema: {{type: string}}, example: ada}}]
      responses: {{"204": {{description: ok}}, default: {{description: wrong}}}}
  /blobs/{{key}}:
    get:
      parameters: [{{name: key, in: path, required: true, schema: {{type: string}}}}]
      responses: {{"200": {{description: ok}}}}
"""


def entry(method, url, status=200):
    headers = [{"name": "Cookie", "value": "sid=s3cr3t"}, {"name": "Authorization", "value": "Bearer s3cr3t"}]
    request = {"method": method, "url": url, "headers": headers, "cookies": [{"name": "sid", "value": "s3cr3t"}]}
    return {"request": {**request, "postData": {"text": "s3cr3t"}}, "response": {"status": status}}


@pytest.fixture
def har(tmp_path):
    entries = [
        entry("GET", "https://shop.example/orders/17?page=2&access_token=s3cr3t"),
        entry("GET", "https://shop.example/orders/17?page=2&access_token=s3cr3t"),
        entry("GET", "https://shop.example/", 304),
        entry("GET", "https://shop.example/static/app.js"),
        entry("GET", "https://tracker.example/pixel"),
        entry("POST", "https://shop.example/orders", 201),
        entry("OPTIONS", "https://shop.example/orders", 204),
        entry("GET", "https://shop.example/find?q={{ key }}"),
    ]
    file = tmp_path / "shop.har"
    file.write_text(json.dumps({"log": {"version": "1.2", "creator": {}, "entries": entries}}))
    return file


def requests(traffic):
    Traffic.model_validate(traffic)
    return {each["name"]: each for each in traffic["requests"]}


def test_a_recording_gives_its_requests_and_no_secret(har):
    found = requests(traffic_of(har))
    assert list(found) == ["GET /orders/17?page=2", "GET /", "GET /find?q=%7B%7B+key+%7D%7D"]
    assert found["GET /orders/17?page=2"]["weight"] == 2
    assert found["GET /"]["expect"] == {"status": 304}
    assert "s3cr3t" not in json.dumps(found)


def test_writes_are_taken_when_they_are_asked_for_without_their_bodies(har):
    found = requests(traffic_of(har, writes=True))
    assert found["POST /orders"] == {
        "name": "POST /orders",
        "weight": 1,
        "post": "/orders",
        "json": {},
        "expect": {"status": 201},
    }


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_a_description_gives_what_can_be_asked_without_guessing(tmp_path, version):
    file = tmp_path / "openapi.yaml"
    file.write_text(API.format(version=version))
    found = requests(traffic_of(file))
    assert list(found) == ["GET /v2/orders?page=1", "GET /v2/orders/{{ orderId }}", "GET /v2/users/ada"]
    assert found["GET /v2/orders/{{ orderId }}"]["vary"] == {"orderId": [1, 100]}
    assert found["GET /v2/users/ada"]["expect"] == {"status": 204}
    assert "POST /v2/orders?page=1" in requests(traffic_of(file, writes=True))


def test_a_list_is_taken_as_it_is_and_cut_to_the_most_frequent(tmp_path):
    file = tmp_path / "paths.txt"
    file.write_text("# what the dashboard asks\n/a\nGET /b\n/b\nDELETE /c\nhttps://shop.example/d?sig=1\n")
    assert [(name, each["weight"]) for name, each in requests(traffic_of(file)).items()] == [
        ("GET /b", 2),
        ("GET /a", 1),
        ("GET /d", 1),
    ]
    assert list(requests(traffic_of(file, most=1))) == ["GET /b"]
    assert "DELETE /c" in requests(traffic_of(file, writes=True))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hello there", "expected a HAR, an OpenAPI 3 file or a list"),
        ("", "expected a HAR"),
        ('{"log": {"entries": [{"url": "/"}]}}', "not a HAR"),
        ('{"log": {"entries": []}}', "no GET request"),
        ("openapi: 3.0.0\npaths: 7\n", "not an OpenAPI 3 file"),
        ("POST /orders\n", "no GET request"),
    ],
)
def test_what_is_none_of_them_is_said(tmp_path, text, says):
    file = tmp_path / "x"
    file.write_text(text)
    with pytest.raises(UsageProblem, match=says):
        traffic_of(file)


def test_the_command_prints_a_block_for_a_scenario(har):
    told = CliRunner().invoke(main, ["traffic", str(har), "--most", "2"], catch_exceptions=False)
    assert told.exit_code == 0
    block = yaml.safe_load(told.output)
    assert list(block) == ["traffic"]
    assert len(requests(block["traffic"])) == 2
