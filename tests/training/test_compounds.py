from gateway.training.compounds import compounds

PARTS = "blume topf haus eimer licht kunst dünger stein schmidt gold feld bach".split()


def found(*words, names=(), language="de"):
    return compounds(language, [*PARTS, *words], frozenset(names))


def test_two_words_in_one_are_no_name():
    assert found("hauseimer", "blumentopf", "kunstdünger") == {
        "hauseimer",
        "blumentopf",
        "kunstdünger",
    }


def test_a_word_of_one_part_says_nothing():
    assert found("hauseimex", "xxxxtopf", "topfen") == set()


def test_what_ends_as_names_do_is_left_out():
    assert found("goldschmidt", "goldstein", "feldbach") == set()


def test_the_end_of_several_is_a_noun():
    assert "topf" not in found("blumentopf", "lichttopf")
    assert {"topf", "haustopf"} <= found("blumentopf", "lichttopf", "haustopf")


def test_a_name_of_the_lists_is_neither_whole_nor_part():
    assert found("hauseimer", names={"hauseimer"}) == set()
    assert found("hauseimer", names={"eimer", "haus"}) == set()


def test_other_languages_do_not_write_words_together():
    assert found("hauseimer", language="fr") == set()
