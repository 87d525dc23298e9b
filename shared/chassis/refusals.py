"""Why a secured Kafka does not take us, in words that name the setting to look at. Asked only after it has failed.

aiokafka says of every failed start that no broker could be reached; here each is asked once, for the reason alone.
"""

import asyncio
import ssl

from aiokafka.conn import create_conn
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from chassis.kafka_security import KafkaSettings

ASK_TIMEOUT_S = 5.0


async def reason(settings: KafkaSettings) -> str | None:
    """What the first broker that refuses us says; None while they are merely away, or nothing is secured."""
    if not settings.connection:
        return None
    for server in settings.kafka_bootstrap_servers.split(","):
        host, _, port = server.strip().rpartition(":")
        try:
            await asyncio.wait_for(_ask(host, int(port), settings), ASK_TIMEOUT_S)
        except (KafkaError, OSError, ValueError) as error:
            if words := _words(error, settings):
                return words
    return None


async def _ask(host: str, port: int, settings: KafkaSettings) -> None:
    connection = await create_conn(host, port, request_timeout_ms=int(ASK_TIMEOUT_S * 1000), **settings.connection)
    connection.close()


def _words(error: Exception, settings: KafkaSettings) -> str | None:
    match error:
        case SaslAuthenticationFailed():
            return "Kafka does not know us: KAFKA_USERNAME, KAFKA_PASSWORD"
        case UnsupportedSaslMechanismError() | IllegalSaslStateError():
            return "Kafka does not speak this mechanism: KAFKA_SASL_MECHANISM"
        case ssl.SSLCertVerificationError():
            return f"the broker's certificate is refused ({error.verify_message}): KAFKA_CA_FILE"
        case ssl.SSLError() if "ALERT" in str(error.reason):
            return "the broker refuses our certificate: KAFKA_CLIENT_CERTIFICATE_FILE"
        case ssl.SSLError():
            return "the broker speaks no TLS at this port: KAFKA_SECURITY_PROTOCOL, KAFKA_BOOTSTRAP_SERVERS"
        case TimeoutError() | ConnectionResetError() if settings.kafka_security_protocol.has_tls:
            return "no TLS is spoken with us: KAFKA_SECURITY_PROTOCOL, KAFKA_BOOTSTRAP_SERVERS, or the broker is away"
        case KafkaConnectionError() if settings.kafka_security_protocol.has_tls:
            return "the broker ends the connection: does it ask for a certificate (KAFKA_CLIENT_CERTIFICATE_FILE)?"
    return None
