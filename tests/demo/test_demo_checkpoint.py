import json
import math

import pytest
import torch

from transgenic_dagster.demo import demo_checkpoint
from transgenic_dagster.demo.train import (
    Example,
    encode_examples,
    lowest_probability,
    save_checkpoint,
    train,
    training_examples,
)
from transgenic_dagster.demo.untrained_model import MAX_WINDOW, untrained_model
from transgenic_dagster.gsf.vocabulary import encode_gsf
from transgenic_dagster.model import TransgenicForConditionalGeneration


def test_the_checkpoint_is_a_few_megabytes():
    files = sorted(demo_checkpoint().iterdir())
    assert [file.name for file in files] == ["config.json", "model.safetensors"]
    assert sum(file.stat().st_size for file in files) < 6_000_000


def test_its_configuration_has_the_published_form():
    config = json.loads((demo_checkpoint() / "config.json").read_text())
    assert config["model_type"] == "transgenicHyena"
    assert config["max_encoder_seqlen"] == MAX_WINDOW
    assert config["max_decoder_position_embeddings"] == 2048


def test_every_gene_with_a_window_is_an_example(assembly):
    examples = {example.gene_id for example in training_examples(assembly)}
    assert examples == {gene.gene_id for gene in assembly.genes if gene.has_region}


def test_the_checkpoint_is_sure_of_the_sentences_of_all_kinds_of_genes(assembly):
    model = TransgenicForConditionalGeneration.from_pretrained(demo_checkpoint())
    # Every sixth gene and whatever has an unusual window.
    examples = [
        example
        for number, example in enumerate(training_examples(assembly))
        if number % 6 == 0 or len(example.window) != 6144
    ]
    assert lowest_probability(model, encode_examples(model, examples)) > 0.9


def test_position_tables_are_those_of_hyenadna():
    model = untrained_model(seed=0)
    filter_fn = model.backbone.layers[0].mixer.filter_fn
    z, t = filter_fn.pos_emb.z[0], filter_fn.pos_emb.t[0]
    assert t[[0, -1], 0].tolist() == [0.0, 1.0]
    assert torch.equal(z[:, 0], t[:, 0])
    quarter = MAX_WINDOW // 4
    assert z[quarter, 2].item() == pytest.approx(math.cos(math.pi / 2), abs=1e-6)
    assert z[quarter, 4].item() == pytest.approx(-1.0)
    assert filter_fn.modulation.deltas.abs().min() > 0
    table = model.transgenic.EncoderOutputPositionalEmbedding.pe
    assert table[1, :2].tolist() == pytest.approx([math.sin(1), math.cos(1)])


def test_the_same_seed_gives_the_same_weights():
    first, second = untrained_model(seed=3).state_dict(), untrained_model(seed=3).state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_training_lowers_the_loss_and_leaves_the_encoder_alone(tmp_path):
    model = untrained_model(seed=0).eval()
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    examples = [
        Example("a", "ACGT" * 60, encode_gsf("0|CDS1|30|+|A>CDS1")),
        Example("b", "GGCA" * 60, encode_gsf("90|CDS1|120|-|A>CDS1")),
    ]
    batches = encode_examples(model, examples)
    unsure = lowest_probability(model, batches)
    train(model, batches, steps=30)
    assert lowest_probability(model, batches) > unsure
    changed = {key for key, tensor in model.state_dict().items() if not tensor.equal(before[key])}
    assert all("decoder" in key or key == "lm_head.weight" for key in changed)

    save_checkpoint(model, tmp_path)
    loaded = TransgenicForConditionalGeneration.from_pretrained(tmp_path)
    assert all(tensor.equal(loaded.state_dict()[key]) for key, tensor in model.state_dict().items())
