"""Settings of feedback; those of every service are in `chassis.settings`."""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings
from feedback.policy import Policy


class FeedbackSettings(ServiceSettings):
    """What feedback reads from its environment, under `FEEDBACK_` where nothing else is said."""

    model_config = SettingsConfigDict(env_prefix="FEEDBACK_", frozen=True, extra="ignore", populate_by_name=True)

    shop_name: str = Field(default="The Shop", min_length=1, max_length=80, description="Who asks on the answer page")
    survey_delay_days: float = Field(default=3, ge=0, le=365, description="From delivery to the question")
    rest_after_issue_days: float = Field(default=2, ge=0, le=365, description="From an issue's end to the question")
    rest_after_contact_hours: float = Field(
        default=48, ge=0, le=8_760, description="Who has written to the shop is left in peace for so long"
    )
    cooldown_days: float = Field(
        default=90, ge=0, le=3_650, description="From one decision to ask to the next, per customer"
    )
    patience_days: float = Field(
        default=30, gt=0, le=365, description="From delivery to the moment when a question that waits is dropped"
    )
    answer_window_days: float = Field(default=14, gt=0, le=365, description="From the question to the end of its link")
    case_target_hours: float = Field(
        default=48, gt=0, le=8_760, description="From the opening of a case to its escalation"
    )

    def policy(self) -> Policy:
        """The same as the rules read it."""
        return Policy(
            survey_delay=timedelta(days=self.survey_delay_days),
            rest_after_issue=timedelta(days=self.rest_after_issue_days),
            rest_after_contact=timedelta(hours=self.rest_after_contact_hours),
            cooldown=timedelta(days=self.cooldown_days),
            patience=timedelta(days=self.patience_days),
            answer_window=timedelta(days=self.answer_window_days),
            case_target=timedelta(hours=self.case_target_hours),
        )
