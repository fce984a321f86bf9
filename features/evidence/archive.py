"""Evidence as it is read: by the server, after an answer has left its memory, and by `askcam replay`."""

from pathlib import Path

from askcam.features.evidence.album import Album
from askcam.features.evidence.errors import NotKept
from askcam.features.evidence.index import reading
from askcam.features.evidence.record import Evidence, decode
from askcam.features.evidence.store import PICTURES
from askcam.server.given_names import quoted


class EvidenceArchive:
    """A folder of evidence. Any thread and process may read while its writer writes. Every method blocks shortly."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.album = Album(folder / PICTURES)

    def get(self, answer_id: str) -> Evidence:
        """Raises NotKept, Broken and EvidenceError."""
        with reading(self.folder) as db:
            found = db.execute("SELECT document FROM answers WHERE id = ?", (answer_id,)).fetchone()
        if found is None:
            raise NotKept(f"there is no evidence of an answer {quoted(answer_id)} in {self.folder}")
        return decode(found[0], answer_id)

    def ids(self) -> list[str]:
        """All answers', oldest first. Raises NotKept and EvidenceError."""
        with reading(self.folder) as db:
            return [answer_id for (answer_id,) in db.execute("SELECT id FROM answers ORDER BY number")]
