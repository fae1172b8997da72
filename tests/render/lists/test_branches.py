"""What branches share, and where they part."""

from __future__ import annotations

import random

from bptui.protocol.rows import Branch
from bptui.render.lists.branches import Branches

TREE = (Branch(0, None, -1), Branch(1, 0, 5), Branch(2, 0, 9), Branch(3, 1, 7), Branch(4, 1, 5))
LASTS = {0: 20, 1: 12, 2: 11, 3: 30, 4: 6}


def test_what_two_of_them_share() -> None:
    tree = Branches(TREE)
    assert tree.shared(0, 1, 20) == tree.shared(1, 0, 20) == 5
    assert tree.shared(1, 3, 12) == 7
    assert tree.shared(2, 3, 30) == 5
    assert tree.shared(3, 3, 30) == 30
    assert tree.shared(0, 1, 3) == 3, "no more than was asked about"


def test_where_others_leave() -> None:
    tree = Branches(TREE)
    assert tree.leaving(0, LASTS.__getitem__) == {5: (1,), 9: (2,)}, "3 and 4 leave with 1"
    assert tree.leaving(1, LASTS.__getitem__) == {5: (0, 4), 7: (3,)}
    assert tree.leaving(3, LASTS.__getitem__) == {5: (0, 4), 7: (1,)}


def test_a_branch_that_ends_where_another_begins_does_not_leave() -> None:
    assert Branches(TREE[:2]).leaving(1, {0: 5, 1: 9}.__getitem__) == {}


def test_without_any_there_is_the_first() -> None:
    tree = Branches(())
    assert (tree.numbers, len(tree), tree.leaving(0, lambda _branch: 9)) == ([0], 1, {})


def test_what_is_no_tree_does_no_harm() -> None:
    circle = Branches((Branch(0, 1, 3), Branch(1, 0, 4), Branch(2, 7, 5)))
    assert circle.shared(0, 1, 9) <= 4
    assert circle.shared(2, 0, 9) == -1
    assert circle.leaving(0, lambda _branch: 9)


def test_it_agrees_with_paths_that_are_written_out() -> None:
    for seed in range(50):
        chosen = random.Random(seed)
        tree, paths = [Branch(0, None, -1)], [[(0, index) for index in range(chosen.randint(1, 9))]]
        for number in range(1, 6):
            parent = chosen.randrange(number)
            at = chosen.randrange(len(paths[parent]))
            tree.append(Branch(number, paths[parent][at][0], at))
            more = [(number, index) for index in range(at + 1, at + chosen.randint(2, 9))]
            paths.append([*paths[parent][: at + 1], *more])
        branches = Branches(tree)
        for one, mine in enumerate(paths):
            for other, theirs in enumerate(paths):
                same = [index for index, (a, b) in enumerate(zip(mine, theirs, strict=False)) if a == b]
                assert branches.shared(one, other, len(mine) - 1) == max(same, default=-1)
            leaving = branches.leaving(one, [len(path) - 1 for path in paths].__getitem__)
            for at, other in ((at, other) for at, others in leaving.items() for other in others):
                assert mine[at] == paths[other][at]
                assert mine[at + 1 : at + 2] != paths[other][at + 1 : at + 2]
