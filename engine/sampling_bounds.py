"""What a question's sampling may say, whatever model it is for. Pure."""

from askcam.engine.errors import QuestionError
from askcam.engine.question import MAX_LOGPROBS, Sampling

LARGEST_SEED = 2**63 - 1


def check_sampling(sampling: Sampling) -> None:
    """Raises QuestionError naming the value that makes no sense."""
    rules = (
        ("max_tokens", sampling.max_tokens, sampling.max_tokens >= 1, "1 or more"),
        ("temperature", sampling.temperature, 0 <= (sampling.temperature or 0) <= 100, "0 to 100"),
        ("top_p", sampling.top_p, sampling.top_p is None or 0 < sampling.top_p <= 1, "above 0, at most 1"),
        ("top_k", sampling.top_k, (sampling.top_k or 0) >= 0, "0 (all) or more"),
        (
            "repetition_penalty",
            sampling.repetition_penalty,
            sampling.repetition_penalty is None or 0 < sampling.repetition_penalty <= 100,
            "above 0",
        ),
        ("min_tokens", sampling.min_tokens, 0 <= sampling.min_tokens <= sampling.max_tokens, "0 to max_tokens"),
        ("logprobs", sampling.logprobs, 0 <= (sampling.logprobs or 0) <= MAX_LOGPROBS, f"0 to {MAX_LOGPROBS}"),
        ("seed", sampling.seed, abs(sampling.seed or 0) <= LARGEST_SEED, "a 64-bit number"),
    )
    for name, value, fine, want in rules:
        if not fine:
            raise QuestionError(f"{name} is {value}; want {want}", name)
