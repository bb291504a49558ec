"""What the invented client firms are called, what they make, how large they are."""

from dataclasses import dataclass

Words = tuple[str, str]


@dataclass(frozen=True)
class Trade:
    """A trade: the words of a firm's name, its sector of the size standard, its code in GB/T 4754-2017."""

    names: tuple[Words, ...]
    sector: str
    industry: str
    weight: int
    categories: tuple[str, ...]
    """What such firms have tested, most wanted first."""


TRADES = (
    Trade((("轴承", "Bearing"), ("轴承配件", "Bearing Parts"), ("滚动体", "Rolling Elements"), ("轴承套圈", "Bearing Rings")),
          "industry", "C3451", 210, ("bearings", "metallography", "dimensions", "composition", "mechanics")),
    Trade((("五金制品", "Hardware"), ("紧固件", "Fasteners"), ("标准件", "Standard Parts"), ("弹簧", "Springs")),
          "industry", "C3482", 130, ("mechanics", "environment", "metallography", "composition")),
    Trade((("汽车配件", "Auto Parts"), ("汽车零部件", "Automotive Components"), ("车轮配件", "Wheel Parts"),
           ("冲压件", "Stampings")), "industry", "C3670", 130,
          ("wheels", "mechanics", "environment", "dimensions", "cleanliness", "electrical")),
    Trade((("制冷配件", "Refrigeration Parts"), ("阀门", "Valves"), ("铜管件", "Copper Fittings")), "industry", "C3464", 90,
          ("refrigeration", "cleanliness", "environment", "composition")),
    Trade((("纺织机械", "Textile Machinery"), ("纺机配件", "Textile Machine Parts"), ("锭子", "Spindles")), "industry",
          "C3551", 70, ("textile_machinery", "dimensions", "mechanics", "metallography")),
    Trade((("铝业", "Aluminium"), ("铸造", "Foundry"), ("锻造", "Forging"), ("热处理", "Heat Treatment")), "industry", "C3391",
          80, ("composition", "metallography", "mechanics", "dimensions")),
    Trade((("电子", "Electronics"), ("电机", "Motors"), ("电器", "Electric Appliances"), ("传感技术", "Sensors")), "industry",
          "C3812", 70, ("electrical", "environment", "mechanics")),
    Trade((("生物科技", "Biotech"), ("医药化工", "Pharmaceutical Chemicals"), ("饲料", "Feed")), "industry", "C2710", 50,
          ("pharma", "composition")),
    Trade((("橡塑", "Rubber and Plastics"), ("密封件", "Seals")), "industry", "C2913", 40, ("composition", "mechanics")),
    Trade((("茶业", "Tea"), ("农业科技", "Agritech"), ("养殖", "Husbandry")), "agriculture", "A0541", 22, ("pharma",)),
    Trade((("建设", "Construction"), ("钢结构", "Steel Structures")), "construction", "E4710", 16, ("mechanics", "environment")),
    Trade((("贸易", "Trading"), ("轴承贸易", "Bearing Trading")), "wholesale", "F5179", 24, ("bearings", "mechanics")),
    Trade((("商贸", "Stores"),), "retail", "F5299", 8, ("environment", "mechanics")),
    Trade((("物流", "Logistics"),), "transport", "G5430", 6, ("mechanics",)),
    Trade((("仓储", "Warehousing"),), "warehousing", "G5960", 5, ("environment",)),
    Trade((("速递服务", "Courier Services"),), "postal", "G6020", 4, ("mechanics",)),
    Trade((("度假酒店", "Resort Hotel"),), "accommodation", "H6110", 4, ("composition",)),
    Trade((("餐饮管理", "Catering"),), "catering", "H6210", 4, ("composition",)),
    Trade((("网络通信", "Network"),), "information", "I6319", 4, ("electrical",)),
    Trade((("软件技术", "Software"), ("智能科技", "Smart Technology")), "software", "I6513", 10, ("electrical", "environment")),
    Trade((("置业", "Property Development"),), "real_estate", "K7010", 4, ("mechanics",)),
    Trade((("物业服务", "Property Services"),), "property", "K7020", 4, ("mechanics", "composition")),
    Trade((("企业咨询", "Business Consulting"), ("设备租赁", "Equipment Leasing")), "leasing_business", "L7212", 6,
          ("mechanics", "electrical")),
    Trade((("技术研究", "Technology Research"), ("工业设计", "Industrial Design")), "other", "M7320", 14,
          ("dimensions", "metallography", "composition")),
)  # fmt: skip

BRANDS = tuple(
    word
    for word in (
        "青坛 绿坞 松月 云岫 竹里 石桥 枫溪 鹿门 霞栖 晴川 兰渚 雪坞 梅坞 桂溪 柏岭 樟坑 莲塘 荷畈 杏坞 柿岭 茶坪 橘湾 棠溪 芦田 苇塘 "
        "鹤庭 雁洲 鸥渡 鹭汀 燕坪 鹰岩 鲤湖 蛙塘 牛塘 羊岭 马坪 虎岗 龙潭 凤鸣 麟趾 月湾 星野 虹桥 霁岭 岚坪 雾岩 霜林 雨湖 风岭 "
        "溪口 江渚 湖塍 河洲 泉井 潭角 渡头 埠前 堤下 坝上 桥头 亭畈 塔岭 寺前 祠下 坊口 井塘 窑湾 炉坪 铁岩 铜坞 银坑 锡岭 砂溪 瓦窑 "
        "上岙 下岙 里岙 外岙 东畈 西畈 南畈 北畈 前山 后山 左溪 右溪 大坪 小坪 长塘 方塘 圆岩 平湖 高湾 低塍 深坑 浅渚 新塘 旧埠"
    ).split()
)
FORMS = (("有限公司", "Co., Ltd."), ("科技有限公司", "Technology Co., Ltd."), ("制造有限公司", "Manufacturing Co., Ltd."),
         ("厂", "Works"))  # fmt: skip

SURNAMES = tuple("王陈张吕石俞梁章潘杨徐丁何黄周吴朱袁盛求竺董赵盖胡刘李林钱裘")
GIVEN = tuple(
    "建国 志明 晓燕 丽娟 文斌 海峰 国平 雪梅 云飞 小红 永康 佳敏 浩然 子涵 思远 美玲 伟东 春兰 立新 晨曦 金水 秋萍 少华 一鸣 "
    "红英 嘉豪 亚芬 明德 新宇 月娥 正平 静怡 树根 巧云 银凤 学文 利民 宏伟 钟毓 若琳".split()
)

BOUNDS: dict[str, tuple[tuple[int, int, int] | None, tuple[int, int, int] | None, tuple[int, int, int] | None]] = {
    "agriculture": (None, (20000, 500, 50), None),
    "industry": ((1000, 300, 20), (40000, 2000, 300), None),
    "construction": (None, (80000, 6000, 300), (80000, 5000, 300)),
    "wholesale": ((200, 20, 5), (40000, 5000, 1000), None),
    "retail": ((300, 50, 10), (20000, 500, 100), None),
    "transport": ((1000, 300, 20), (30000, 3000, 200), None),
    "warehousing": ((200, 100, 20), (30000, 1000, 100), None),
    "postal": ((1000, 300, 20), (30000, 2000, 100), None),
    "accommodation": ((300, 100, 10), (10000, 2000, 100), None),
    "catering": ((300, 100, 10), (10000, 2000, 100), None),
    "information": ((2000, 100, 10), (100000, 1000, 100), None),
    "software": ((300, 100, 10), (10000, 1000, 50), None),
    "real_estate": (None, (200000, 1000, 100), (10000, 5000, 2000)),
    "property": ((1000, 300, 100), (5000, 1000, 500), None),
    "leasing_business": ((300, 100, 10), None, (120000, 8000, 100)),
    "other": ((300, 100, 10), None, None),
}
"""Lower bounds of large, medium, small by sector: staff; revenue, assets in 10,000 yuan. To draw plausible figures."""
