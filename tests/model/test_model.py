import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModel, AutoModelForSeq2SeqLM

from tests import golden
from transgenic_dagster.errors import UsageError
from transgenic_dagster.gsf import vocabulary
from transgenic_dagster.model import (
    Decoding,
    TransgenicConfig,
    TransgenicForConditionalGeneration,
    encode_dna,
    encoder_states_length,
)

TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def model():
    return TransgenicForConditionalGeneration.from_pretrained(golden.TINY_CHECKPOINT)


def window_ids(name):
    return encode_dna(golden.tiny_windows()[name]["sequence"])[None]


@pytest.mark.parametrize("name", golden.WINDOWS)
def test_logits_agree_with_the_published_model(model, name):
    arrays = golden.tiny_arrays()
    with torch.inference_mode():
        output = model(window_ids(name), torch.from_numpy(arrays["decoder_input_ids"]))
    np.testing.assert_allclose(output.logits, arrays[f"{name}.logits"], atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("name", ["b6144", "e5000"])
def test_encoder_and_downsampling_agree_with_the_published_model(model, name):
    arrays = golden.tiny_arrays()
    with torch.inference_mode():
        encoded = model.backbone(window_ids(name))
        states = model.encode(window_ids(name))
    np.testing.assert_allclose(
        encoded, arrays[f"{name}.encoder_last_hidden_state"], atol=TOLERANCE, rtol=0
    )
    np.testing.assert_allclose(states, arrays[f"{name}.downsampled"], atol=TOLERANCE, rtol=0)


def test_steps_with_a_cache_give_the_logits_of_one_pass(model):
    arrays = golden.tiny_arrays()
    tokens = torch.from_numpy(arrays["decoder_input_ids"])
    with torch.inference_mode():
        decoding = Decoding(model, window_ids("b6144"), num_beams=1, batch_size=1)
        decoding.admit(1)
        steps = [decoding.step(tokens[:, i]) for i in range(tokens.shape[1])]
    np.testing.assert_allclose(
        torch.stack(steps, dim=1), arrays["b6144.logits"], atol=TOLERANCE, rtol=0
    )


@pytest.mark.parametrize(("window", "states"), [(6144, 1024), (5000, 833), (7001, 1167)])
def test_encoder_states_length_is_that_of_the_published_model(window, states):
    assert encoder_states_length(window) == states


def test_full_size_model_has_the_published_keys_and_shapes():
    rows = (golden.FOLDER / "state_dict_keys_full.tsv").read_text().splitlines()[1:]
    published = {}
    for row in rows:
        key, shape, *_ = row.split("\t")
        published[key] = shape
    with torch.device("meta"):
        model = TransgenicForConditionalGeneration(TransgenicConfig())
    ours = {key: str(list(tensor.shape)) for key, tensor in model.state_dict().items()}
    assert ours == published
    assert model.num_parameters() == 400_591_104


def test_auto_classes_load_the_model_without_remote_code(model):
    assert isinstance(AutoConfig.from_pretrained(golden.TINY_CHECKPOINT), TransgenicConfig)
    for auto in (AutoModel, AutoModelForSeq2SeqLM):
        loaded = auto.from_pretrained(golden.TINY_CHECKPOINT)
        assert isinstance(loaded, TransgenicForConditionalGeneration)
        assert torch.equal(loaded.lm_head.weight, model.lm_head.weight)


def test_generate_says_what_to_call_instead():
    loaded = AutoModelForSeq2SeqLM.from_pretrained(golden.TINY_CHECKPOINT)
    with pytest.raises(UsageError, match=r"annotator\.Annotator\.load"):
        loaded.generate(window_ids("b6144"), num_beams=2)


def test_half_precision_keeps_filters_embeddings_and_norms_in_fp32():
    model = TransgenicForConditionalGeneration.from_pretrained(
        golden.TINY_CHECKPOINT, dtype=torch.bfloat16
    )
    mixer = model.backbone.layers[0].mixer
    assert mixer.in_proj.weight.dtype == torch.bfloat16
    assert mixer.filter_fn.pos_emb.z.dtype == torch.float32
    assert model.lm_head.weight.dtype == torch.float32
    assert model.transgenic.decoder.layers[0].final_layer_norm.weight.dtype == torch.float32
    assert mixer.filter_fn.implicit_filter[0].weight.dtype == torch.float32
    with torch.inference_mode():
        states = model.encode(window_ids("b6144"))
    recorded = torch.from_numpy(golden.tiny_arrays()["b6144.downsampled"])
    assert states.dtype == torch.float32
    assert 1e-5 < (states - recorded).abs().max() < 0.5


def test_token_ids_of_a_configuration_are_those_of_the_vocabulary():
    config = TransgenicConfig()
    assert config.vocab_size == len(vocabulary.TOKENS)
    assert (config.bos_token_id, config.pad_token_id, config.eos_token_id) == (
        vocabulary.BOS_ID,
        vocabulary.PAD_ID,
        vocabulary.EOS_ID,
    )
    assert config.decoder_start_token_id == vocabulary.DECODER_START_ID
