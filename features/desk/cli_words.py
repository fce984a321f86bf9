"""What `askcam catalogue` says to people."""

from askcam.server.terminal.words import Words

told = Words(
    {
        "help.catalogue": "Products for lookup_product and product desks.",
        "help.catalogue.import": "Take products in; one with the sku (or barcode, or name) of another replaces it. "
        "1: lines were left out.",
        "help.catalogue.find": "What lookup_product would find. 1: nothing.",
        "help.catalogue.file": "CSV with a header: name, barcode, price, currency, stock, delivery_days, ...",
        "help.catalogue.into": "The catalogue to make, or to go on with.",
        "help.catalogue.replace": "Forget the products that the file lacks.",
        "help.catalogue.query": "A barcode, a sku, or words.",
        "help.catalogue.in": "The catalogue, or a CSV.",
        "catalogue.reading": "reading {file}",
        "catalogue.left_out": "left out",
        "catalogue.more": "{lines} more lines (--json lists them)",
        "catalogue.imported": "{products} products imported, {broken} lines left out; {total} products in {file}",
        "catalogue.nothing": "nothing in {file} is called {query}",
    },
    {
        "help.catalogue": "供 lookup_product 和商品台使用的商品目录。",
        "help.catalogue.import": "导入商品；sku（或条形码、名称）相同的会被替换。1：有些行被略过。",
        "help.catalogue.find": "lookup_product 会找到什么。1：没有找到。",
        "help.catalogue.file": "带表头的 CSV：name、barcode、price、currency、stock、delivery_days……",
        "help.catalogue.into": "要新建或继续使用的目录文件。",
        "help.catalogue.replace": "删除文件中没有的商品。",
        "help.catalogue.query": "条形码、sku 或词语。",
        "help.catalogue.in": "目录文件，或 CSV。",
        "catalogue.reading": "正在读取 {file}",
        "catalogue.left_out": "略过",
        "catalogue.more": "还有 {lines} 行（--json 会列出）",
        "catalogue.imported": "导入 {products} 个商品，略过 {broken} 行；{file} 中共有 {total} 个商品",
        "catalogue.nothing": "{file} 中没有 {query}",
    },
)
