"""What the balancer is told by its environment."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.balancer.facts import Timing
from shared.runtime import RuntimeSettings


class BalancerSettings(RuntimeSettings):
    """`BALANCER_*`; every time is in seconds."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    tick_s: float = Field(default=0.2, gt=0, le=5, alias="BALANCER_TICK_S")
    lease_s: float = Field(default=90, ge=30, le=3600, alias="BALANCER_LEASE_S")
    rotation_s: float = Field(default=900, ge=10, alias="BALANCER_ROTATION_S")
    rotation_gap_s: float = Field(default=60, ge=5, alias="BALANCER_ROTATION_GAP_S")
    switch_gap_s: float = Field(default=600, ge=10, alias="BALANCER_SWITCH_GAP_S")
    switches_max: int = Field(default=5, ge=0, le=20, alias="BALANCER_SWITCHES_MAX")

    @property
    def timing(self) -> Timing:
        return Timing(
            lease_s=self.lease_s,
            renew_before_s=self.lease_s * 2 / 3,
            rotation_s=self.rotation_s,
            rotation_gap_s=self.rotation_gap_s,
            switch_gap_s=self.switch_gap_s,
            switches_max=self.switches_max,
        )
