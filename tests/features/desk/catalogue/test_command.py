"""askcam catalogue as a user runs it."""

import json
from pathlib import Path

from support.program import askcam, refused

TABLE = """name,sku,barcode,price,currency,stock
apple,A1,4006381333931,2.49,EUR,12
bad,B2,123,1,EUR,1
pear,P1,,1.10,EUR,0
"""


def test_a_table_is_imported_its_broken_lines_are_named_and_products_are_found(tmp_path: Path) -> None:
    table, into = tmp_path / "goods.csv", tmp_path / "goods.db"
    table.write_text(TABLE)
    done = askcam("catalogue", "import", str(table), "--into", str(into))
    assert done.returncode == 1
    assert "goods.csv:3: the barcode '123' has 3 digits" in done.stdout
    assert "2 products imported, 1 lines left out" in done.stdout
    found = askcam("catalogue", "find", "4006381333931", "--in", str(into), "--json")
    assert found.returncode == 0
    assert json.loads(found.stdout)["name"] == "apple"
    assert "apple, 2.49 EUR, 12 in stock" in askcam("catalogue", "find", "Apples", "--in", str(into)).stdout
    assert askcam("catalogue", "find", "tractor", "--in", str(into)).returncode == 1


def test_importing_again_replaces_by_key_or_everything(tmp_path: Path) -> None:
    table, into = tmp_path / "goods.csv", tmp_path / "goods.db"
    table.write_text(TABLE)
    askcam("catalogue", "import", str(table), "--into", str(into))
    table.write_text("name,sku,price\napple,A1,3.00\n")
    told = json.loads(askcam("catalogue", "import", str(table), "--into", str(into), "--json").stdout)
    assert told == {"imported": 1, "broken": 0, "total": 2, "catalogue": str(into)}
    replaced = askcam("catalogue", "import", str(table), "--into", str(into), "--replace", "--json")
    assert json.loads(replaced.stdout)["total"] == 1


def test_what_cannot_be_imported_is_said_in_a_line(tmp_path: Path) -> None:
    into = str(tmp_path / "goods.db")
    assert "No such file" in refused("catalogue", "import", str(tmp_path / "none.csv"), "--into", into)
    (tmp_path / "empty.csv").write_text("")
    assert "is empty" in refused("catalogue", "import", str(tmp_path / "empty.csv"), "--into", into)
    assert "gone.db" in refused("catalogue", "find", "x", "--in", str(tmp_path / "gone.db"))
