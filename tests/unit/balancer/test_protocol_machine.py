"""
The same unfriendly world, driven step by step by hypothesis, which looks for short ways to break it.

Where `cli.proving.trials` rolls dice for a whole run, here every single step is chosen, so that a failure
shrinks to what matters. Choices are the same in every run.
"""

import hypothesis.strategies as st
from hypothesis import Phase, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cli.proving.chargers import Charger
from cli.proving.happenings import plug_in, pull_out
from cli.proving.minds import Command, Mind
from cli.proving.moments import START_S, Chances
from cli.proving.sites import world_of
from cli.proving.trials import check_breakers, check_counted, check_logs
from cli.proving.world import World

FATES = st.sampled_from(["arrives", "arrives", "arrives twice", "comes late", "is lost"])
CHARGERS = st.integers(0, 6)


class Protocol(RuleBasedStateMachine):
    """Balancers, a gateway and chargers; each rule is one thing that may happen at any moment."""

    world: World
    now_s: float = START_S

    @initialize(seed=st.integers(0, 10_000))
    def build(self, seed: int) -> None:
        self.world = world_of(Chances(seed))
        for charger in self.hung_up()[:2]:
            plug_in(self.world, charger, self.now_s)
        self.world.hear(self.now_s)
        self.world.read_meters(self.now_s)

    def hung_up(self) -> list[Charger]:
        return [it for it in self.world.chargers.values() if it.spot is not None]

    def charger(self, number: int) -> Charger:
        chargers = self.hung_up()
        return chargers[number % len(chargers)]

    # --- Time ---

    @rule(seconds=st.sampled_from([1, 1, 4, 9, 25]))
    def time_passes(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now_s += 1
            self.world.gateway.deliver(self.now_s)
            self.world.read_meters(self.now_s)

    # --- Cars and chargers ---

    @rule(number=CHARGERS)
    def a_car_comes_or_leaves(self, number: int) -> None:
        charger = self.charger(number)
        (pull_out if charger.plugged else plug_in)(self.world, charger, self.now_s)

    @rule(number=CHARGERS)
    def a_connection_ends_or_begins(self, number: int) -> None:
        charger, gateway = self.charger(number), self.world.gateway
        (gateway.lose if charger.online else gateway.connect)(charger, self.now_s)

    @rule()
    def the_gateway_starts_anew(self) -> None:
        self.world.gateway.restart(self.now_s)

    # --- Balancers ---

    @rule(fate=FATES)
    def the_balancer_decides(self, fate: str) -> None:
        self.decide(self.world.mind, fate)

    @precondition(lambda self: self.world.former is not None)
    @rule(fate=FATES)
    def the_former_balancer_decides(self, fate: str) -> None:
        former = self.world.former
        assert former is not None
        self.decide(former, fate)

    def decide(self, mind: Mind, fate: str) -> None:
        for name in self.world.buildings:
            decided = self.world.announce(mind, mind.decide(name, self.now_s), self.now_s)
            for command in decided.commands if decided is not None else ():
                self.send(command, fate)

    def send(self, command: Command, fate: str) -> None:
        late_s = {"arrives": [0], "arrives twice": [0, 6], "comes late": [8], "is lost": []}
        for it in late_s[fate]:
            self.world.gateway.on_the_way.append((self.now_s + it, command))
        self.world.gateway.deliver(self.now_s)

    @rule(fate=st.sampled_from(["now", "now", "lost"]))
    def chargers_answer(self, fate: str) -> None:
        self.world.gateway.confirm(lambda: fate, self.now_s)

    @rule()
    def balancers_hear(self) -> None:
        self.world.hear(self.now_s)

    @rule()
    def the_balancer_forgets_what_readings_taught(self) -> None:
        self.world.mind.forget()

    @precondition(lambda self: self.world.former is None)
    @rule()
    def another_balancer_takes_over(self) -> None:
        self.world.take_over()

    # --- What must hold ---

    @invariant()
    def the_promise_is_kept(self) -> None:
        check_counted(self.world, self.now_s)
        check_breakers(self.world, self.now_s)

    def teardown(self) -> None:
        if hasattr(self, "world"):
            check_logs(self.world)


def test_no_sequence_of_steps_breaks_the_promise() -> None:
    run_state_machine_as_test(
        Protocol,
        settings=settings(
            max_examples=60,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            phases=(Phase.explicit, Phase.generate, Phase.shrink),
        ),
    )
