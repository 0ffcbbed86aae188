"""Grammar-constrained decoding: which tokens may follow so that a sentence parses in the end.

The tables of ``gsf.constraints`` hold the grammar. Beside the state of the automaton, each row
keeps what tables cannot: the number that is being written, the features that are defined and
those that the present transcript may still name. All of it is tensors on the model's device, so
that no step waits for the host.

A token is allowed only if the sentence can still be completed: every coordinate within the window,
``end > start``, each name defined once and CDS1 among them; each transcript names defined features
of one strand (the same for all transcripts) that do not overlap, none twice, with a CDS among them.
Hence some token is always allowed, and besides the end token another one.
"""

from dataclasses import dataclass, fields, replace
from typing import Self

import torch

from transgenic_dagster.gsf.constraints import (
    ALLOWED,
    CDS_FEATURES,
    FEATURES,
    FIRST_NAME_ID,
    FORWARD_ID,
    MAX_DIGITS,
    NEXT,
    REVERSE_ID,
    SEPARATOR_ID,
    TRANSCRIPTS_ID,
    State,
)
from transgenic_dagster.gsf.vocabulary import DIGIT_IDS, EOS_ID

_NAMES = slice(FIRST_NAME_ID, FIRST_NAME_ID + FEATURES)
_DIGITS = slice(DIGIT_IDS.start, DIGIT_IDS.stop)
_STRANDS = slice(FORWARD_ID, REVERSE_ID + 1)
_NO_STRAND = -1


@dataclass
class _Rows:
    """State of what has been written in each of R rows, apart from its tokens.

    Args:
        state: of the automaton, (R,).
        value: of the number that is being written, (R,).
        digits: how many it has, (R,).
        start: of the feature that is being written, (R,).
        feature: its number in the vocabulary, (R,).
        starts: of the features, (R, F).
        ends: likewise, exclusive.
        strands: of the features, 0 or 1, (R, F).
        defined: features with all of that, (R, F).
        free: features that overlap none of the present transcript and lie on its strand, (R, F).
        has_cds: whether the present transcript names a CDS, (R,).
        strand: of the transcripts, (R,).
    """

    state: torch.Tensor
    value: torch.Tensor
    digits: torch.Tensor
    start: torch.Tensor
    feature: torch.Tensor
    starts: torch.Tensor
    ends: torch.Tensor
    strands: torch.Tensor
    defined: torch.Tensor
    free: torch.Tensor
    has_cds: torch.Tensor
    strand: torch.Tensor

    @classmethod
    def fresh(cls, rows: int, device: torch.device | str) -> Self:
        number = torch.zeros(rows, dtype=torch.long, device=device)
        table = torch.zeros(rows, FEATURES, dtype=torch.long, device=device)
        return cls(
            state=number + State.INITIAL,
            value=number,
            digits=number,
            start=number,
            feature=number,
            starts=table,
            ends=table,
            strands=table,
            defined=table.bool(),
            free=table.bool(),
            has_cds=number.bool(),
            strand=number + _NO_STRAND,
        )

    def select(self, rows: torch.Tensor) -> Self:
        """The given rows, in that order."""
        return type(self)(*(getattr(self, f.name).index_select(0, rows) for f in fields(self)))

    def followed_by(self, other: Self) -> Self:
        """These rows and then others."""
        return type(self)(
            *(torch.cat([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self))
        )


class GrammarConstraint:
    """The grammar for a search over windows of one length.

    Args:
        window_length: nucleotides.
        num_beams: rows of each region.
        device: where the logits are.
    """

    def __init__(self, window_length: int, num_beams: int, device: torch.device | str) -> None:
        self._window_length = window_length
        self._num_beams = num_beams
        self._device = device
        self._allowed = torch.from_numpy(ALLOWED).to(device)  # (states, V)
        self._next = torch.from_numpy(NEXT).to(device)  # (states, V)
        self._ten = torch.arange(10, device=device)
        self._features = torch.arange(FEATURES, device=device)
        # With as many more digits as the window's length has, any number is beyond it.
        self._more = torch.arange(len(str(window_length)) + 1, device=device)  # (K,)
        self._scale = 10**self._more  # (K,)
        self._rows = _Rows.fresh(0, device)

    def admit(self, regions: int) -> None:
        """Let the next regions start in the slots behind the live ones."""
        new = _Rows.fresh(regions * self._num_beams, self._device)
        self._rows = self._rows.followed_by(new)

    def reorder(self, parents: torch.Tensor) -> None:
        """Let row i continue the sentence of row ``parents[i]``, (R,), of the same region."""
        self._rows = self._rows.select(parents)

    def release(self, slot: int) -> None:
        """Drop the region in a slot; the last region takes its place."""
        rows = torch.arange(len(self._rows.state), device=self._device)
        gone = slice(slot * self._num_beams, (slot + 1) * self._num_beams)
        rows[gone] = rows[-self._num_beams :].clone()
        self._rows = self._rows.select(rows[: -self._num_beams])

    def step(self, token_ids: torch.Tensor) -> torch.Tensor:
        """Take one more token (R,) per row and say which may follow: (R, V), bool."""
        self._rows = self._after(token_ids)
        return self._following()

    def _after(self, token: torch.Tensor) -> _Rows:
        """The rows after one more token (R,) each."""
        rows = self._rows
        is_digit = (token >= _DIGITS.start) & (token < _DIGITS.stop)
        is_name = token >= FIRST_NAME_ID
        in_transcript = (rows.state == State.NEXT_TRANSCRIPT) | (rows.state == State.TRANSCRIPT)
        begins = is_name & ~in_transcript  # the end and the rest of a feature follow
        ends = (token >= _STRANDS.start) & (token < _STRANDS.stop)  # all of a feature is known
        names = is_name & in_transcript
        feature = (token - FIRST_NAME_ID).clamp(min=0)

        here = (self._features == rows.feature[:, None]) & ends[:, None]  # (R, F)
        starts = torch.where(here, rows.start[:, None], rows.starts)
        ends_of = torch.where(here, rows.value[:, None], rows.ends)
        strands = torch.where(here, (token == REVERSE_ID).long()[:, None], rows.strands)
        defined = rows.defined | here

        named_start, named_end, named_strand = (
            table.gather(1, feature[:, None])
            for table in (starts, ends_of, strands)  # (R, 1)
        )
        strand = torch.where(names, named_strand[:, 0], rows.strand)
        apart = (ends_of <= named_start) | (starts >= named_end)  # (R, F)
        still_free = rows.free & apart & (strands == named_strand)
        all_free = defined & ((strands == strand[:, None]) | (strand == _NO_STRAND)[:, None])
        opens = (token == TRANSCRIPTS_ID) | (token == SEPARATOR_ID)
        free = torch.where(
            names[:, None], still_free, torch.where(opens[:, None], all_free, rows.free)
        )
        return replace(
            rows,
            state=self._next[rows.state, token],
            value=torch.where(is_digit, 10 * rows.value + token - _DIGITS.start, 0),
            digits=torch.where(is_digit, rows.digits + 1, 0),
            start=torch.where(begins, rows.value, rows.start),
            feature=torch.where(begins, feature, rows.feature),
            starts=starts,
            ends=ends_of,
            strands=strands,
            defined=defined,
            free=free,
            has_cds=(rows.has_cds & ~opens) | (names & (feature < CDS_FEATURES)),
            strand=strand,
        )

    def _following(self) -> torch.Tensor:
        """Tokens that may follow, (R, V)."""
        rows = self._rows
        writes_end = (rows.state >= State.CDS_NAME) & (rows.state <= State.UTR_END)
        in_transcript = (rows.state == State.NEXT_TRANSCRIPT) | (rows.state == State.TRANSCRIPT)
        least = torch.where(writes_end, rows.start + 1, 0)
        most = torch.where(writes_end, self._window_length, self._window_length - 1)
        in_range = (least <= rows.value) & (rows.value <= most)
        any_left = ~rows.defined.all(dim=1) | writes_end | (rows.digits > 0)

        allowed = self._allowed[rows.state]  # (R, V)
        allowed[:, _DIGITS] &= self._digits(least, most) & any_left[:, None]
        allowed[:, _STRANDS] &= in_range[:, None]
        allowed[:, TRANSCRIPTS_ID] &= rows.defined[:, 0]  # CDS1
        allowed[:, _NAMES] &= torch.where(
            in_transcript[:, None], self._names(), ~rows.defined & in_range[:, None]
        )
        complete = ~in_transcript | rows.has_cds
        allowed[:, SEPARATOR_ID] &= complete
        allowed[:, EOS_ID] &= complete
        return allowed

    def _digits(self, least: torch.Tensor, most: torch.Tensor) -> torch.Tensor:
        """Digits after which a number from ``least`` to ``most`` (R,) can be had, (R, 10)."""
        rows = self._rows
        values = (10 * rows.value[:, None] + self._ten)[:, :, None]  # (R, 10, 1)
        low = values * self._scale  # (R, 10, K)
        reachable = (low <= most[:, None, None]) & (low + self._scale > least[:, None, None])
        fits = rows.digits[:, None] + 1 + self._more <= MAX_DIGITS  # (R, K)
        return (reachable & fits[:, None]).any(dim=2)

    def _names(self) -> torch.Tensor:
        """Features that the present transcript may name next, (R, F).

        Before it has a CDS, one must be left that lies beside the feature, on its strand.
        """
        rows = self._rows
        free = rows.free[:, :CDS_FEATURES]
        strands = rows.strands[:, :CDS_FEATURES]
        first_end = rows.starts.new_full((len(free), 2), torch.iinfo(torch.long).max)
        last_start = first_end.neg()
        for strand in (0, 1):
            usable = free & (strands == strand)
            ends = rows.ends[:, :CDS_FEATURES].masked_fill(~usable, torch.iinfo(torch.long).max)
            starts = rows.starts[:, :CDS_FEATURES].masked_fill(~usable, -1)
            first_end[:, strand] = ends.amin(dim=1)
            last_start[:, strand] = starts.amax(dim=1)
        beside = first_end.gather(1, rows.strands) <= rows.starts
        beside |= last_start.gather(1, rows.strands) >= rows.ends
        beside[:, :CDS_FEATURES] = True
        return rows.free & (beside | rows.has_cds[:, None])
