"""The contract of the service: one test for each status, and that nothing of a request is kept."""

import tempfile
import threading
from dataclasses import replace

import pytest

from agelens import ImageError
from agelens.models.serving.predictions import FacePredictions

JPEG = {"content-type": "image/jpeg"}


def test_faces_of_an_image_in_the_body(client, predictor, company):
    answer = client.post("/predict", content=company, headers=JPEG)
    assert answer.status_code == 200
    faces, expected = answer.json()["faces"], predictor.predict(company)
    assert [face["age"] for face in faces] == [round(face.age, 1) for face in expected]
    assert len(faces) == 3
    face = faces[0]
    assert face["interval"][0] <= face["age"] <= face["interval"][1]
    assert sum(face["probabilities"].values()) == pytest.approx(1, abs=0.01)
    assert face["gender"] is None
    assert face["distribution"] is None
    assert answer.headers["cache-control"] == "no-store"


def test_faces_of_an_image_in_a_form_with_all_options(client, company):
    query = {"largest": "true", "gender": "true", "distribution": "true"}
    answer = client.post("/predict", files={"image": ("a.jpg", company, "image/jpeg")}, params=query)
    (face,) = answer.json()["faces"]
    assert face["gender"] in {"female", "male"}
    assert len(face["distribution"]) == 101


def test_an_image_without_a_face_is_no_error(client, landscape):
    answer = client.post("/predict", content=landscape, headers=JPEG)
    assert (answer.status_code, answer.json()) == (200, {"faces": [], "warnings": []})


def test_what_is_unusual_about_an_image_is_a_warning(client, company):
    answer = client.post("/predict", content=company.removesuffix(b"\xff\xd9"), headers=JPEG).json()
    assert len(answer["faces"]) == 3
    assert [warning.partition(":")[0] for warning in answer["warnings"]] == ["no_end_marker"]


def test_several_images_keep_their_order_and_a_bad_one_stops_no_other(client, company, landscape):
    contents = {"a.jpg": company, "b.txt": b"no image", "c.jpg": landscape}
    answer = client.post("/predict/batch", files=[("images", pair) for pair in contents.items()])
    assert answer.status_code == 200
    images = answer.json()["images"]
    assert [image["name"] for image in images] == list(contents)
    assert [len(image["faces"]) for image in images] == [3, 0, 0]
    assert [bool(image["error"]) for image in images] == [False, True, False]


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (lambda company: company[: len(company) // 2], JPEG, 400),
        (lambda _: b"a text", JPEG, 415),
        (lambda company: company, {"content-type": "application/json"}, 415),
        (lambda _: b"", JPEG, 422),
        (lambda _: b"--x\r\nbroken", {"content-type": "multipart/form-data; boundary=y"}, 400),
        (lambda _: b"--x", {"content-type": "multipart/form-data"}, 400),
    ],
    ids=["cut", "a text", "another type", "empty", "another boundary", "no boundary"],
)
def test_a_request_that_cannot_be_used_has_a_reason(client, company, content, headers, status):
    answer = client.post("/predict", content=content(company), headers=headers)
    assert answer.status_code == status
    assert answer.json()["detail"]


def test_a_form_without_the_field_is_named(client, company):
    answer = client.post("/predict", files={"photo": ("a.jpg", company)})
    assert (answer.status_code, answer.json()["detail"]) == (422, "the form must have a file in the field image")
    assert client.post("/predict/batch", content=company, headers=JPEG).status_code == 415


def test_a_wrong_option_is_named(client, company):
    answer = client.post("/predict", content=company, headers=JPEG, params={"largest": "perhaps"})
    assert answer.status_code == 422
    assert "largest" in answer.text


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "in chunks"])
def test_a_large_request_is_refused(client_with, company, announced):
    client = client_with(max_bytes=1000)
    content = company if announced else iter([company[:600], company[600:]])
    answer = client.post("/predict", content=content, headers=JPEG)
    assert (answer.status_code, answer.json()["detail"]) == (413, "too_large: a request may have at most 1,000 bytes")


def test_too_many_images_are_refused(client_with, landscape):
    client = client_with(max_images=2)
    files = [("images", (f"{number}.jpg", landscape)) for number in range(3)]
    assert client.post("/predict/batch", files=files).status_code == 413
    assert client.post("/predict/batch", files=files[:2]).status_code == 200


@pytest.mark.parametrize("sent", [None, "Bearer wrong", "Basic secret", "secret", "Bearer sécret"])
def test_a_token_is_required_if_there_is_one(client_with, landscape, sent):
    client = client_with(token="secret")
    headers = JPEG if sent is None else {**JPEG, "authorization": sent.encode()}
    answer = client.post("/predict", content=landscape, headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    right = client.post("/predict", content=landscape, headers={**JPEG, "authorization": "Bearer secret"})
    assert right.status_code == 200
    assert client.get("/health").status_code == 200


def test_more_requests_than_the_rate_are_refused(client_with, landscape):
    client = client_with(rate="2/hour")
    statuses = [client.post("/predict", content=landscape, headers=JPEG).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


def test_requests_beyond_the_queue_are_told_to_come_back(client_with, predictor, monkeypatch, landscape):
    started, finish = threading.Event(), threading.Event()

    def predict(image, **options):
        started.set()
        finish.wait(timeout=30)
        return FacePredictions()

    monkeypatch.setattr(predictor, "predict", predict)
    with client_with(concurrency=1, queue=0) as client:
        statuses = []
        first = threading.Thread(
            target=lambda: statuses.append(client.post("/predict", content=landscape, headers=JPEG).status_code)
        )
        first.start()
        assert started.wait(timeout=30)
        busy = client.post("/predict", content=landscape, headers=JPEG)
        finish.set()
        first.join()
    assert (busy.status_code, busy.headers["retry-after"]) == (503, "2")
    assert statuses == [200]


def test_no_part_of_an_image_is_written_to_disk(client, company, monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError(arguments)

    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", refuse)
    padded = company + b"\0" * 2_000_000  # larger than what a form holds in memory by default
    answer = client.post("/predict", files={"image": ("a.jpg", padded, "image/jpeg")})
    assert len(answer.json()["faces"]) == 3


def test_an_image_of_too_many_pixels_is_refused(client, predictor, monkeypatch, company):
    def predict(image, **options):
        reason, detail = "too_large", "20000 x 20000 pixels"
        raise ImageError(reason, detail)

    monkeypatch.setattr(predictor, "predict", predict)
    assert client.post("/predict", content=company, headers=JPEG).status_code == 413


def test_health_names_the_model(client, predictor):
    answer = client.get("/health").json()
    assert answer["status"] == "ok"
    assert answer["model"]["name"] == predictor.card.name
    assert answer["model"]["sha256"] == "f" * 64
    assert answer["model"]["coverage"] == 0.9
    assert answer["model"]["test_metrics"]["mae"] > 0
    assert answer["model"]["age_labels"] == predictor.card.age_labels
    assert answer["model"]["age_labels"]["utkface"] == "apparent"


def test_text_of_a_card_is_shown_as_it_is(client_with, predictor, monkeypatch):
    facts = {**predictor.card.facts, "training_data": "<img src=x>", "intended_use": "[a](http://b)"}
    card = replace(predictor.card, name="![a](http://b)", facts=facts)
    monkeypatch.setattr(predictor, "card", card)
    described = client_with().get("/openapi.json").json()["info"]["description"]
    assert r"Model: \!\[a\](http://b), trained on \<img src=x\>. \[a\](http://b) " in described


def test_every_answer_has_a_policy(client):
    for address in ("/docs", "/health", "/missing"):
        policy = client.get(address).headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'")
        assert "http" not in policy


def test_the_documentation_needs_no_other_host(client):
    page = client.get("/docs")
    assert page.status_code == 200
    assert "://" not in page.text.replace("http://testserver", "").replace("http://www.w3.org", "")
    described = client.get("/openapi.json").json()
    statuses = set(described["paths"]["/predict"]["post"]["responses"])
    assert statuses == {"200", "400", "401", "408", "413", "415", "422", "429", "503"}
