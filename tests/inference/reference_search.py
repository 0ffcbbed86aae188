"""The rules of the search, one region at a time and in plain Python, to hold ours against."""

import torch

from transgenic_dagster.gsf.vocabulary import EOS_ID
from transgenic_dagster.inference.beam_search import DecodingOptions

TOP_K = 50


def reference_search(logits_after, prompt, options: DecodingOptions, generator=None):
    """Search for one region's sentences.

    Args:
        logits_after: from a sentence's token ids to the logits of the next token, (V,).
        prompt: what sentences begin with.
        options: of the search.
        generator: draws candidates where there is one.

    Returns:
        Ids, log-probability and score of the closed sentences, best first.
    """
    width = options.num_beams
    beams = [(tuple(prompt), -1e9 if i else 0.0) for i in range(width)]
    closed = []

    def close(ids, total):
        closed.append((ids, total, total / generated))
        if len(closed) > width:
            closed.remove(min(closed, key=lambda one: one[2]))

    for generated in range(1, options.max_length - len(prompt) + 1):
        logits = torch.stack([logits_after(ids) for ids, _ in beams])  # (g, V)
        before = torch.tensor([total for _, total in beams])
        candidates = []
        for total, index in zip(
            *_candidates(logits.log_softmax(-1), before, generator), strict=True
        ):
            beam, token = divmod(index, logits.shape[1])
            candidates.append(((*beams[beam][0], token), total))
        for ids, total in candidates[:width]:
            if ids[-1] == EOS_ID:
                close(ids, total)
        beams = [one for one in candidates if one[0][-1] != EOS_ID][:width]
        if len(closed) == width and min(c[2] for c in closed) >= candidates[0][1] / generated:
            break
    else:
        for ids, total in beams:
            close(ids, total)
    return sorted(closed, key=lambda one: one[2], reverse=True)


def _candidates(log_probabilities, scores, generator):
    count = 2 * len(scores)
    if generator is None:
        best = (log_probabilities + scores[:, None]).view(1, -1).topk(count, dim=1)
        return best.values[0].tolist(), best.indices[0].tolist()
    kept = log_probabilities.topk(TOP_K, dim=-1)
    filtered = torch.full_like(log_probabilities, -torch.inf)
    totals = (filtered.scatter(-1, kept.indices, kept.values) + scores[:, None]).flatten()
    weights = totals.double().softmax(dim=0)
    possible = min(count, int(weights.count_nonzero()))
    drawn = torch.multinomial(weights, possible, generator=generator)
    others = totals.index_fill(0, drawn, -torch.inf).topk(count - possible).indices
    drawn = torch.cat([drawn, others])
    best, order = totals[drawn].sort(descending=True, stable=True)
    return best.tolist(), drawn[order].tolist()
