"""A scene is checked before anything starts, and says what is wrong with it."""

import json
from pathlib import Path
from typing import Any

import pytest

from simulator.scene import SceneRefused, load_scene


def scene(**more: Any) -> dict[str, Any]:
    circuit = {"circuit_id": "a", "parent_id": None, "name": "A", "breaker_a": 63, "set_a": 50}
    below = {"circuit_id": "b", "parent_id": "a", "name": "B", "breaker_a": 32}
    charger = {"charger_id": "1", "serial": "ZAP000001", "name": "Bay 1", "circuit_id": "b"}
    return {
        "grid_type": "TN_3_PHASE",
        "breaker_a": 160,
        "circuits": [below, circuit],
        "chargers": [charger | {"wiring": ["L2", "L3", "L1"], "max_a": 32}],
        "seed": 1,
    } | more


def loaded(tmp_path: Path, content: dict[str, Any]) -> Any:
    path = tmp_path / "scene.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return load_scene(path)


def test_a_scene_becomes_breakers_and_a_grid(tmp_path: Path) -> None:
    it = loaded(tmp_path, scene())

    named = [(b.circuit_id, b.rating_a, b.set_a) for b in it.breakers()]
    assert named == [("main", 160.0, 160.0), ("a", 63.0, 50.0), ("b", 32.0, 32.0)]
    assert it.grid().above(0) == (2, 1, 0)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"grid_type": "DC"}, "grid_type"),
        ({"chargers": []}, "chargers"),
        ({"circuits": []}, "no circuit 'b'"),
        ({"colour": "red"}, "colour"),
        (
            {"circuits": [{"circuit_id": "b", "parent_id": "x", "breaker_a": 9}]},
            "no parent 'x'",
        ),
        ({"circuits": [{"circuit_id": "b", "parent_id": "b", "breaker_a": 9}]}, "ring"),
        (
            {"circuits": [{"circuit_id": "b", "breaker_a": 10, "set_a": 11}]},
            "above its breaker",
        ),
        ({"circuits": [{"circuit_id": "b", "breaker_a": 9}] * 2}, "more than once: b"),
        ({"grid_type": "TN_1_PHASE"}, "no line L2"),
        ({"set_a": 200}, "above the main breaker"),
    ],
)
def test_an_impossible_scene_is_refused_with_the_reason(
    tmp_path: Path, wrong: dict[str, Any], told: str
) -> None:
    with pytest.raises(SceneRefused, match=told):
        loaded(tmp_path, scene(**wrong))


def test_a_missing_file_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(SceneRefused, match="No such file"):
        load_scene(tmp_path / "nowhere.json")
