"""A checkpoint's folder becomes a model in memory: what it is, what it takes, and then its weights."""

import logging
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from askcam.engine.bars import unpacking_bars, weights_bar
from askcam.engine.card import Card, read_card
from askcam.engine.devices import has_fp8, pick_device, settle_device
from askcam.engine.errors import ModelError
from askcam.engine.families.known import FAMILIES
from askcam.engine.families.spec import MAX_PAIRS, Facts, FamilySpec, ModelLimits
from askcam.engine.fingerprint import commit_of, digest_of
from askcam.engine.folders import find_model, read_config, weight_files
from askcam.engine.interface import EngineConfig, ModelInfo, PowerMode, Progress
from askcam.engine.light import reading_lightly
from askcam.engine.loading import FoundModel, Loaded
from askcam.engine.power import LEAST_TOKENS, fewer_pixels, smaller_frames
from askcam.engine.quantized import check_packages, told_unpacked, unpacks_when_read
from askcam.engine.stored import read_as, stored_bytes
from askcam.engine.weights import check_memory, dtype_for, first_line, itemsize_of, read_weights

log = logging.getLogger("askcam.engine")


def load(config: EngineConfig, progress: Progress) -> Loaded:
    """Find, read and place a model. Blocks, minutes for large ones. Raises ModelError."""
    return place(find(config, progress), config, progress)


def find(config: EngineConfig, progress: Progress) -> FoundModel:
    """All but the weights; may download them, which blocks. Raises ModelError."""
    device = pick_device(config.device)
    folder = find_model(config.model, progress)
    raw = read_config(folder, config.model)
    card = read_card(folder)
    max_pairs = _max_pairs(config, card)
    with reading_lightly():
        processor = _load_processor(folder, config.model, raw)
        known = _load_config(folder, config.model)
    spec = _spec(config, raw["model_type"], known.to_dict(), processor, card)
    full = spec
    if config.power == "low":
        spec = smaller_frames(full, config, LEAST_TOKENS)
    check_packages(config.model, raw)
    files = weight_files(folder)
    unpacks = unpacks_when_read(raw, has_fp8())
    stored = stored_bytes(files, unpacks)
    dtype, why_dtype = dtype_for(config.dtype, device, stored, known)
    if why_dtype:
        log.info("%s", why_dtype)
    itemsize = itemsize_of(dtype, known.dtype)
    weights_bytes = read_as(stored, itemsize)
    one = settle_device(device, weights_bytes)
    check_memory(config, device, stored, dtype, itemsize)
    quantized = told_unpacked(raw, weights_bytes, sum(file.stat().st_size for file in files)) if unpacks else ""
    if quantized:
        log.info("%s", quantized)
    return FoundModel(
        folder=folder,
        card=card,
        config=known,
        processor=processor,
        spec=spec,
        fewer_pixels=fewer_pixels(spec, full),
        max_pairs=max_pairs,
        device=one or device,
        spread=one is None,
        dtype=dtype,
        why_dtype=why_dtype,
        itemsize=itemsize,
        weights_bytes=weights_bytes,
        quantized=quantized,
    )


def place(found: FoundModel, config: EngineConfig, progress: Progress) -> Loaded:
    """Read the weights and place them. Blocks. Raises ModelError."""
    folder, card, processor, spec, max_pairs = found.folder, found.card, found.processor, found.spec, found.max_pairs
    progress("loading weights", 0.0)
    bars = unpacking_bars(progress) if found.quantized else nullcontext()
    with weights_bar(progress), bars, reading_lightly():
        model = read_weights(config, found)
    parameter = next(model.parameters())
    info = ModelInfo(
        id=folder.resolve().name if Path(config.model).expanduser().is_dir() else config.model,
        family=spec.model_type,
        backend="portable",
        device=str(parameter.device),
        dtype=str(parameter.dtype).removeprefix("torch."),
        num_parameters=int(model.num_parameters()),
        max_pairs=max_pairs,
        context_tokens=int(model.config.get_text_config().max_position_embeddings),
        note=card.note,
        why_dtype=found.why_dtype,
        quantized=found.quantized,
        takes_facts=card.takes_facts,
        talks=card.talks,
        failed_call=card.failed_call,
        trained=card.trained,
        commit=commit_of(folder),
        digest=digest_of(folder),
        power=PowerMode(low=config.power == "low", fewer_pixels=found.fewer_pixels),
    )
    return Loaded(model, processor, spec, info, parameter.device, card.domain)


def _max_pairs(config: EngineConfig, card: Card) -> int:
    wanted = config.max_pairs or min(card.max_pairs or MAX_PAIRS, MAX_PAIRS)
    if wanted < 2:
        raise ModelError(f"a window needs at least 2 pairs, not {wanted}")
    if card.max_pairs is not None and wanted > card.max_pairs:
        raise ModelError(f"{config.model!r} was trained on at most {card.max_pairs} pairs, not on {wanted}")
    return wanted


def _load_processor(folder: Path, model: str, raw: dict[str, Any]) -> Any:
    import transformers

    auto: Any = transformers.AutoProcessor
    try:
        processor = auto.from_pretrained(folder)
    except Exception as exc:  # transformers raises whatever a file makes it stumble over
        raise ModelError(f"cannot read the tokenizer and preprocessor files of {model!r}: {first_line(exc)}") from exc
    if not hasattr(processor, "video_processor"):
        raise ModelError(f"{model!r} lacks its preprocessor_config.json; download it again or copy it in")
    processor.chat_template = processor.chat_template or processor.tokenizer.chat_template  # where older ones keep it
    if not processor.chat_template:
        raise ModelError(f"{model!r} lacks its chat template (chat_template.jinja or .json): copy it in")
    if processor.tokenizer.convert_tokens_to_ids("<|video_pad|>") != raw.get("video_token_id", -1):
        raise ModelError(f"the tokenizer files of {model!r} are missing or another model's; download it again")
    return processor


def _load_config(folder: Path, model: str) -> Any:
    import transformers

    auto: Any = transformers.AutoConfig
    try:
        return auto.from_pretrained(folder)
    except Exception as exc:  # likewise
        raise ModelError(f"cannot read config.json of {model!r}: {first_line(exc)}") from exc


def _spec(config: EngineConfig, kind: str, raw: dict[str, Any], processor: Any, card: Card) -> FamilySpec:
    if raw["vision_config"].get("temporal_patch_size", 2) != 2:
        raise ModelError(f"{config.model!r} does not take frames in pairs; that is not supported")
    facts = Facts(
        config=raw,
        frame=_limits(processor.video_processor),
        still=_limits(processor.image_processor),
        min_pixels=config.min_pixels,
        max_pixels=config.max_pixels,
        still_min_pixels=config.still_min_pixels,
        still_max_pixels=config.still_max_pixels,
        grids=card.grids,
    )
    try:
        return FAMILIES[kind](facts)
    except ValueError as exc:
        raise ModelError(str(exc)) from exc


def _limits(part: Any) -> ModelLimits | None:
    size = part.size
    low, high = size["shortest_edge"], size["longest_edge"]
    return ModelLimits(int(low), int(high)) if low and high else None
