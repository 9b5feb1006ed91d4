"""PNG files that say how they were made, to us and to every other tool.

Three text chunks: ``icl_studio`` (JSON: request, receipt, panel), ``parameters`` (the
A1111 family's plain text, which SwarmUI, Civitai, SD.Next and Forge read), and an XMP
packet with IPTC's mark for generated pictures.
"""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

from PIL import PngImagePlugin
from PIL.Image import Image

from .. import __version__
from .record import SetRecord

KEY = "icl_studio"
PARAMETERS = "parameters"
XMP_KEY = "XML:com.adobe.xmp"
GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
NAMESPACE = "urn:icl-studio:metadata:1:"


def metadata(record: SetRecord, panel: str | None = None) -> dict[str, Any]:
    """What the ``icl_studio`` key holds: enough to make the set again, or find it.

    ``panel`` is the name of the panel that the picture shows, None for the sheet.
    """
    request, receipt = record.drawn_by(panel)
    return {
        "schema_version": record.schema_version,
        "id": record.id,
        "created": record.created,
        "panel": panel,
        "request": request.model_dump(mode="json"),
        "receipt": receipt.model_dump(mode="json"),
    }


def to_json(data: dict[str, Any]) -> str:
    """``data`` on one line; umlauts stay readable."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def parameters_text(record: SetRecord, panel: str | None = None) -> str:
    """The A1111-style text: the joint caption, then one line of settings.

    As Forge writes it for FLUX: true CFG is 1, the distilled guidance has its own key.
    ``Size`` is that of the sheet, which is what a regeneration must ask for.
    """
    request, receipt = record.drawn_by(panel)
    fields: dict[str, Any] = {
        "Steps": request.sampling.steps,
        "Sampler": "Euler",
        "Schedule type": "Simple",
        "CFG scale": 1,
        "Distilled CFG Scale": f"{request.sampling.guidance:g}",
        "Guidance": f"{request.sampling.guidance:g}",
        "Seed": request.seed,
        "Size": str(request.layout.canvas),
        "Model": request.model,
    }
    if receipt.adapters:
        fields["Lora hashes"] = ", ".join(
            f"{adapter.file.rpartition('.')[0]}: {adapter.sha256[:12]}"
            for adapter in receipt.adapters
        )
        fields["Lora weights"] = ", ".join(f"{adapter.weight:g}" for adapter in receipt.adapters)
    fields |= {"Task": request.task, "Version": f"ICL Studio {__version__}"}
    line = ", ".join(f"{key}: {_quoted(str(value))}" for key, value in fields.items())
    return f"{request.caption}\n{line}"


def xmp_packet(payload: str | None = None) -> str:
    """An XMP packet: IPTC's digital source type, and ``payload`` as ``icl:icl_studio``."""
    ours = f"<icl:{KEY}>{_escaped(payload)}</icl:{KEY}>" if payload else ""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about=""'
        ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        f' xmlns:icl="{NAMESPACE}">'
        f"<Iptc4xmpExt:DigitalSourceType>{GENERATED}</Iptc4xmpExt:DigitalSourceType>{ours}"
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
        '<?xpacket end="w"?>'
    )


def png_bytes(picture: Image, record: SetRecord | None, panel: str | None = None) -> bytes:
    """``picture`` as a PNG file, with metadata of ``record`` or, without one, with none."""
    info = PngImagePlugin.PngInfo()
    if record is not None:
        info.add_itxt(KEY, to_json(metadata(record, panel)))
        info.add_text(PARAMETERS, parameters_text(record, panel))
        info.add_itxt(XMP_KEY, xmp_packet())
    # To memory first: Pillow loses the reason (a full disk) when it writes to a file itself.
    target = BytesIO()
    picture.save(target, "PNG", pnginfo=info)
    return target.getvalue()


def _quoted(value: str) -> str:
    """A value as A1111's parser wants it: in JSON quotes where it holds ``, : " \\n``."""
    return json.dumps(value, ensure_ascii=False) if set(value) & set(',:"\n') else value


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
